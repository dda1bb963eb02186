import { Anchor, Group, Stack, Text, Title } from '@mantine/core';
import { Link, useParams } from 'react-router';
import { type RetryJob, type Whose, listRetryJobs } from '../api/deliveries';
import { paths } from '../path-builder';
import { Forbidden } from '../ui/forbidden';
import { PagedTable, usePages } from '../ui/paged';
import { Empty } from '../ui/states';
import { Time } from '../ui/time';
import { Actor } from './actor';
import { useMe } from './me';
import { useMerchantNames } from './merchant-names';
import { JobStatus } from './retry-job-status';

const linkOf = (merchantId: Whose, job: RetryJob) =>
  merchantId ? paths.retryJob(merchantId, job.id ?? '') : paths.anyRetryJob(job.id ?? '');

/** Bulk retries: a merchant's, or, for the platform, all of them. */
export function RetryJobs() {
  const { merchantId } = useParams();
  const me = useMe();
  const names = useMerchantNames(merchantId === undefined);
  const jobs = usePages(['retry-jobs', merchantId ?? 'all'], (cursor) => listRetryJobs(merchantId, cursor));
  const whose = {
    title: 'Merchant',
    cell: (job: RetryJob) =>
      job.merchant_id ? <bdi>{names.get(job.merchant_id) ?? job.merchant_id}</bdi> : 'all merchants',
  };
  if (merchantId === undefined && me.data?.platform_role === null) {
    return <Forbidden title="Bulk retries" whom="people of the platform" />;
  }
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1} size="h2">
          Bulk retries
        </Title>
        <Anchor
          component={Link}
          size="sm"
          to={merchantId ? paths.deliveries(merchantId) : paths.allDeliveries()}
        >
          Deliveries
        </Anchor>
      </Group>
      <PagedTable
        pages={jobs}
        rowKey={(job) => job.id ?? ''}
        minWidth={640}
        empty={
          <Empty title="No bulk retry yet">
            <Text size="sm">Filter the deliveries, then retry all that match, or choose some of them.</Text>
          </Empty>
        }
        columns={[
          {
            title: 'Begun',
            cell: (job) => (
              <Anchor component={Link} to={linkOf(merchantId, job)}>
                <Time at={job.created_at} />
              </Anchor>
            ),
          },
          { title: 'Status', cell: (job) => <JobStatus status={job.status} /> },
          ...(merchantId === undefined ? [whose] : []),
          { title: 'Deliveries', cell: (job) => job.estimate.toLocaleString() },
          { title: 'Succeeded', cell: (job) => job.succeeded.toLocaleString() },
          { title: 'Failed', cell: (job) => job.failed.toLocaleString() },
          { title: 'Left', cell: (job) => job.left.toLocaleString() },
          {
            title: 'By',
            cell: (job) => job.actor && <Actor id={job.actor} merchantId={job.merchant_id ?? undefined} />,
          },
        ]}
      />
    </Stack>
  );
}
