import { Button, Table, VisuallyHidden } from '@mantine/core';
import { type QueryKey, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Empty, Failed, Loading } from './states';

type Page<Row> = { data: Row[]; next_cursor: string | null };

/** A list of the API: all its pages so far. One that is searched keeps its rows until those that match come. */
export function usePages<Row>(
  queryKey: QueryKey,
  read: (cursor: string | undefined) => Promise<Page<Row>>,
  { isSearched = false } = {},
) {
  return useInfiniteQuery({
    queryKey,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => read(pageParam),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    ...(isSearched && { placeholderData: keepPreviousData }),
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
  order,
  minWidth = 520,
}: {
  pages: ReturnType<typeof usePages<Row>>;
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
  empty: ReactNode;
  /** In which order the rows read so far are, when not in the API's. */
  order?: (one: Row, other: Row) => number;
  minWidth?: number;
}) {
  if (pages.isPending) return <Loading />;
  if (!pages.data) return <Failed error={pages.error} retry={() => pages.refetch()} />;
  const rows = pages.data.pages.flatMap((page) => page.data);
  if (rows.length === 0) return typeof empty === 'string' ? <Empty title={empty} /> : empty;
  const shown = order ? rows.toSorted(order) : rows;
  return (
    <>
      <Table.ScrollContainer minWidth={minWidth} aria-busy={pages.isPlaceholderData}>
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
