import base from './playwright.config';

// Pictures and figures: made when they are asked for, not with every run of the tests.
export default { ...base, testDir: 'screens' };
