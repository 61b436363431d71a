import { defineConfig } from '@playwright/test'

// bench/e2e starts a Management Node and runs these tests against it.
export default defineConfig({
  testDir: 'test',
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: 'line',
  outputDir: process.env.PARLEY_RESULTS ?? 'test-results',
  use: {
    baseURL: process.env.PARLEY_URL,
    ignoreHTTPSErrors: true, // the certificate was made a moment ago
    actionTimeout: 15_000,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    launchOptions: { executablePath: process.env.PARLEY_CHROMIUM, args: ['--no-sandbox'] }, // it cannot have one as root
  },
})
