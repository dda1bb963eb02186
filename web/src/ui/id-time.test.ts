import { expect, test } from 'vitest';
import { madeAt } from './id-time';

test('an id tells when it was made', () => {
  // 01h455vb4pex5vsknk084sn02q is 01890a5d-ac96-774b-bcce-b302099a8057.
  expect(madeAt('evt_01h455vb4pex5vsknk084sn02q')).toBe(0x01890a5dac96);
});
