import { Alert, Button, Group, Progress, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { api, data } from '../api/client';
import { words } from '../api/errors';
import { Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';

/** A bulk retry, followed while it runs. The address is good to share. */
export function RetryJobPage() {
  const { merchantId = '', jobId = '' } = useParams();
  const params = { path: { merchant_id: merchantId, job_id: jobId } };
  const client = useQueryClient();
  const job = useQuery({
    queryKey: ['retry-job', jobId],
    queryFn: () => data(api.GET('/v1/merchants/{merchant_id}/retry-jobs/{job_id}', { params })),
    refetchInterval: (query) => (query.state.data?.finished_at ? false : 1_000),
  });
  const cancel = useMutation({
    mutationFn: () =>
      data(api.POST('/v1/merchants/{merchant_id}/retry-jobs/{job_id}/cancel', { params })),
    onSettled: () => client.invalidateQueries({ queryKey: ['retry-job', jobId] }),
  });
  if (job.isPending) return <Loading />;
  if (job.isError) return <Failed error={job.error} retry={() => job.refetch()} />;
  const { estimate, succeeded, failed, skipped, withdrawn, left, status } = job.data;
  const done = succeeded + failed + skipped + withdrawn;
  const all = Math.max(estimate, done, 1);
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">
          Bulk retry: <span role="status">{status}</span>
        </Title>
        {status === 'running' && (
          <Button
            variant="outline"
            color="red"
            loading={cancel.isPending}
            onClick={() => cancel.mutate()}
          >
            Cancel
          </Button>
        )}
      </Group>
      <Progress.Root size="xl" aria-label="Progress">
        <Progress.Section value={(succeeded / all) * 100} color="green" />
        <Progress.Section value={(failed / all) * 100} color="red" />
        <Progress.Section value={((skipped + withdrawn) / all) * 100} color="gray" />
      </Progress.Root>
      <SimpleGrid cols={{ base: 2, sm: 5 }}>
        {Object.entries({ succeeded, failed, skipped, 'taken back': withdrawn, left }).map(
          ([name, count]) => (
            <Stack key={name} gap={0}>
              <Text size="xl" fw={600}>
                {count.toLocaleString()}
              </Text>
              <Text size="sm">{name}</Text>
            </Stack>
          ),
        )}
      </SimpleGrid>
      <Text size="sm">
        Begun <Time at={job.data.created_at} />, {job.data.rate} a second at most.
      </Text>
      {cancel.isError && (
        <Alert color="red" role="alert">
          {words(cancel.error)}
        </Alert>
      )}
    </Stack>
  );
}
