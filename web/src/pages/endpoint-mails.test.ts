import { expect, test } from 'vitest';
import { ifItGoesOn, whoWasMailed } from './endpoint-mails';

const ours = { merchant_id: 'mer_01h455vb4pex5vsknk084sn02q' };
const apps = { merchant_id: null };

test('a merchant’s people are mailed twice about what goes on failing, an app’s nobody', () => {
  expect(ifItGoesOn(ours)).toMatch(/owners and developers are mailed half-way to that, and again when it is disabled/);
  expect(ifItGoesOn(apps)).toMatch(/Nobody is mailed/);
});

test('they are mailed when it is disabled for failing or a 410, and not when a person did it', () => {
  expect(whoWasMailed({ ...ours, disabled_reason: 'failing' })).toMatch(/owners and developers/);
  expect(whoWasMailed({ ...ours, disabled_reason: 'gone' })).toMatch(/owners and developers/);
  expect(whoWasMailed({ ...ours, disabled_reason: 'manual' })).toBeUndefined();
  expect(whoWasMailed({ ...apps, disabled_reason: 'failing' })).toBeUndefined();
});
