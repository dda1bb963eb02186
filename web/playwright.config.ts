import { defineConfig } from '@playwright/test';

// `scripts/web_e2e.sh` starts the gateway and says where it is. The browser is the machine's own.
export default defineConfig({
  testDir: 'e2e',
  outputDir: `test-results/${process.env.E2E_MODE ?? 'here'}`,
  fullyParallel: false,
  workers: 1,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    baseURL: process.env.HOOKYARD_URL,
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-quic', '--disable-background-networking'],
    },
    screenshot: 'only-on-failure',
  },
});
