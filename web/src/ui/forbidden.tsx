import { Empty } from './states';
import { Text, Title } from '@mantine/core';

/** A page that is not for who asks. */
export function Forbidden({ title, whom }: { title: string; whom: string }) {
  return (
    <>
      <Title order={1} size="h2">
        {title}
      </Title>
      <Empty title="This page is not for you">
        <Text size="sm">It is for {whom}.</Text>
      </Empty>
    </>
  );
}
