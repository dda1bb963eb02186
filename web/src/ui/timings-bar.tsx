import { Box, Group, Progress, Text } from '@mantine/core';
import { ms } from './span';
import { type Step, stepsOf } from './timings';

/** Where the time of an attempt went, as a bar and in figures. */
export function TimingsBar({ attempt }: { attempt: Parameters<typeof stepsOf>[0] }) {
  const steps = stepsOf(attempt);
  const all = steps.reduce((sum, step) => sum + step.ms, 0) || 1;
  const reused = attempt.timings.connect_ms === null && attempt.timings.first_byte_ms !== null;
  return (
    <Box>
      <Progress.Root size={10} aria-hidden>
        {steps.map(({ name, ms: took, color }) => (
          <Progress.Section key={name} value={(took / all) * 100} color={`${color}.6`} withAria={false} />
        ))}
      </Progress.Root>
      <Group gap="2px 16px" component="ul" p={0} m="6px 0 0" aria-label="Timings" style={{ listStyle: 'none' }}>
        {steps.map((step) => (
          <Key key={step.name} {...step} />
        ))}
        <Text size="sm" component="li" fw={600}>
          {ms(attempt.duration_ms)} in all
        </Text>
        {reused && (
          <Text size="sm" component="li" c="dimmed">
            over a connection that was open already
          </Text>
        )}
      </Group>
    </Box>
  );
}

function Key({ name, ms: took, color }: Step) {
  return (
    <Group gap={6} component="li" wrap="nowrap">
      <Box w={10} h={10} bg={`${color}.6`} style={{ borderRadius: 2 }} aria-hidden />
      <Text size="sm">
        {name} {ms(took)}
      </Text>
    </Group>
  );
}
