import { Alert, Anchor, Code, Group, Progress, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { type RetryJob, cancelRetryJob, getRetryJob } from '../api/deliveries';
import { words } from '../api/errors';
import { paths } from '../path-builder';
import { ActionButton } from '../ui/action-button';
import { Copy } from '../ui/copy';
import { span } from '../ui/span';
import { Failed, Loading } from '../ui/states';
import { Time } from '../ui/time';
import { useRefusal } from './access';
import { Actor } from './actor';
import { JobStatus } from './retry-job-status';
import { WRITE_DELIVERIES } from './retry-one';

/** A bulk retry, followed while it runs. Its address is good to share. */
export function RetryJobPage() {
  const { merchantId, jobId = '' } = useParams();
  const refuse = useRefusal({ merchantId });
  const client = useQueryClient();
  const job = useQuery({
    queryKey: ['retry-job', jobId],
    queryFn: () => getRetryJob(merchantId, jobId),
    refetchInterval: (query) => (query.state.data?.finished_at ? false : 1_000),
  });
  const cancel = useMutation({
    mutationFn: () => cancelRetryJob(merchantId, jobId),
    onSettled: () => client.invalidateQueries({ queryKey: ['retry-job', jobId] }),
  });
  if (job.isPending) return <Loading />;
  if (!job.data) return <Failed error={job.error} retry={() => job.refetch()} />;
  return (
    <Stack>
      <Group justify="space-between">
        <Group gap="sm">
          <Title order={1} size="h2">
            Bulk retry
          </Title>
          <span role="status" aria-label="Status">
            <JobStatus status={job.data.status} />
          </span>
        </Group>
        {job.data.status === 'running' && (
          <ActionButton
            variant="outline"
            color="red"
            loading={cancel.isPending}
            onClick={() => cancel.mutate()}
            disabledReason={refuse(WRITE_DELIVERIES)}
          >
            Cancel
          </ActionButton>
        )}
      </Group>
      {cancel.isError && (
        <Alert color="red" role="alert">
          {words(cancel.error)}
        </Alert>
      )}
      <JobProgress job={job.data} />
      <JobFacts job={job.data} />
      <Anchor component={Link} size="sm" to={merchantId ? paths.retryJobs(merchantId) : paths.allRetryJobs()}>
        All bulk retries
      </Anchor>
    </Stack>
  );
}

function JobProgress({ job }: { job: RetryJob }) {
  const { estimate, succeeded, failed, skipped, withdrawn, left } = job;
  const done = succeeded + failed + skipped + withdrawn;
  const all = Math.max(estimate, done, 1);
  const counts = [
    ['succeeded', succeeded],
    ['failed', failed],
    ['passed over', skipped],
    ['taken back', withdrawn],
    ['left', left],
  ] as const;
  return (
    <>
      <Progress.Root size="xl" role="progressbar" aria-label="Progress" aria-valuemin={0} aria-valuemax={all} aria-valuenow={done}>
        <Progress.Section value={(succeeded / all) * 100} color="green" withAria={false} />
        <Progress.Section value={(failed / all) * 100} color="red" withAria={false} />
        <Progress.Section value={((skipped + withdrawn) / all) * 100} color="gray" withAria={false} />
      </Progress.Root>
      <SimpleGrid cols={{ base: 2, xs: 3, sm: 5 }}>
        {counts.map(([name, count]) => (
          <Stack key={name} gap={0}>
            <Text size="xl" fw={600}>
              {count.toLocaleString()}
            </Text>
            <Text size="sm">{name}</Text>
          </Stack>
        ))}
      </SimpleGrid>
    </>
  );
}

function JobFacts({ job }: { job: RetryJob }) {
  return (
    <Stack gap={4}>
      <Text size="sm">
        {job.estimate.toLocaleString()} deliveries were counted. Begun <Time at={job.created_at} />
        {job.actor && (
          <>
            {' '}
            by <Actor id={job.actor} merchantId={job.merchant_id ?? undefined} />
          </>
        )}
        , {job.rate.toLocaleString()} a second at most.{' '}
        {job.finished_at ? (
          <>
            Ended <Time at={job.finished_at} />.
          </>
        ) : (
          job.left > 0 && `About ${span((job.left / job.rate) * 1_000)} to go.`
        )}
      </Text>
      <Text size="sm">
        {job.include_succeeded
          ? 'What had succeeded is sent again, too.'
          : 'What had succeeded is left out.'}{' '}
        Passed over is what was under way already, or goes to a disabled or deleted endpoint.
        {!job.finished_at && ' It goes on when this page is closed.'}
      </Text>
      <Group gap={4}>
        <Text size="sm">
          Id <Code>{job.id}</Code>
        </Text>
        <Copy text={window.location.href} what="link to this bulk retry" />
      </Group>
    </Stack>
  );
}
