import { Button, Table, VisuallyHidden } from '@mantine/core';
import { type QueryKey, useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Empty, Failed, Loading } from './states';

type Page<Row> = { data: Row[]; next_cursor: string | null };

/** A list of the API: all its pages so far. */
export function usePages<Row>(
  queryKey: QueryKey,
  read: (cursor: string | undefined) => Promise<Page<Row>>,
) {
  return useInfiniteQuery({
    queryKey,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => read(pageParam),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

export type Column<Row> = {
  title: string;
  /** Of columns whose cells speak for themselves: the title is for screen readers only. */
  bare?: boolean;
  cell: (row: Row) => ReactNode;
};

/** A table of it, in all its states. */
export function PagedTable<Row>({
  pages,
  columns,
  rowKey,
  empty,
  keep,
  order,
  noMatch,
  minWidth = 520,
}: {
  pages: ReturnType<typeof usePages<Row>>;
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
  empty: ReactNode;
  /** Which of the rows read so far are shown. */
  keep?: (row: Row) => boolean;
  /** In which order they are, when not in the API's. */
  order?: (one: Row, other: Row) => number;
  noMatch?: ReactNode;
  minWidth?: number;
}) {
  if (pages.isPending) return <Loading />;
  if (!pages.data) return <Failed error={pages.error} retry={() => pages.refetch()} />;
  const rows = pages.data.pages.flatMap((page) => page.data);
  if (rows.length === 0) return typeof empty === 'string' ? <Empty title={empty} /> : empty;
  const kept = keep ? rows.filter(keep) : rows;
  const shown = order ? kept.toSorted(order) : kept;
  return (
    <>
      {shown.length === 0 && noMatch}
      {shown.length > 0 && (
        <Table.ScrollContainer minWidth={minWidth}>
          <Table highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                {columns.map((column) => (
                  <Table.Th key={column.title}>
                    {column.bare ? <VisuallyHidden>{column.title}</VisuallyHidden> : column.title}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {shown.map((row) => (
                <Table.Tr key={rowKey(row)}>
                  {columns.map((column) => (
                    <Table.Td key={column.title}>{column.cell(row)}</Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {pages.isFetchNextPageError && (
        <Failed error={pages.error} retry={() => pages.fetchNextPage()} />
      )}
      {pages.hasNextPage && !pages.isFetchNextPageError && (
        <Button
          variant="default"
          loading={pages.isFetchingNextPage}
          onClick={() => pages.fetchNextPage()}
        >
          Show older
        </Button>
      )}
    </>
  );
}
