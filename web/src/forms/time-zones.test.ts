import { expect, test } from 'vitest';
import { isZoneOf, timeZones } from './time-zones';

test('UTC and the zone that a store has are among the zones, once', () => {
  const zones = timeZones('Moon/Tranquility');
  expect(zones).toContain('Moon/Tranquility');
  expect(zones.filter((zone) => zone === 'UTC')).toHaveLength(1);
  expect(timeZones('Europe/Paris').filter((zone) => zone === 'Europe/Paris')).toHaveLength(1);
});

test('a zone is found as people write it', () => {
  expect(isZoneOf('America/New_York', 'new york')).toBe(true);
  expect(isZoneOf('America/New_York', 'america/new_y')).toBe(true);
  expect(isZoneOf('Asia/Kolkata', 'paris')).toBe(false);
});
