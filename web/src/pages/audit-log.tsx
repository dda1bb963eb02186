import { Code, Stack, Title } from '@mantine/core';
import { useParams } from 'react-router';
import { api, data } from '../api/client';
import { PagedTable, usePages } from '../ui/paged';
import { Time } from '../ui/time';

/** Who did what: in one merchant, or everywhere. */
export function AuditLog() {
  const { merchantId } = useParams();
  const pages = usePages(['audit-log', merchantId], (cursor) =>
    merchantId
      ? data(
          api.GET('/v1/merchants/{merchant_id}/audit-log', {
            params: { path: { merchant_id: merchantId }, query: { cursor } },
          }),
        )
      : data(api.GET('/v1/audit-log', { params: { query: { cursor } } })),
  );
  return (
    <Stack>
      <Title order={1} size="h2">
        Audit log
      </Title>
      <PagedTable
        pages={pages}
        rowKey={(entry) => entry.id}
        empty="Nothing has been done yet"
        minWidth={760}
        columns={[
          { title: 'When', cell: (entry) => <Time at={entry.at} /> },
          { title: 'Who', cell: (entry) => <bdi title={entry.actor_id}>{entry.actor_name}</bdi> },
          { title: 'Did', cell: (entry) => entry.action },
          { title: 'To', cell: (entry) => <Code>{entry.target}</Code> },
          { title: 'From', cell: (entry) => entry.ip ?? '–' },
          {
            title: 'Change',
            cell: (entry) => (
              <Code style={{ whiteSpace: 'pre-wrap' }}>
                {[entry.before, entry.after]
                  .filter(Boolean)
                  .map((state) => JSON.stringify(state))
                  .join(' → ')}
              </Code>
            ),
          },
        ]}
      />
    </Stack>
  );
}
