import { defineConfig } from 'vitest/config';

const LIVE = 'test/interop/**/*.test.ts';
const CAMPAIGN = 'test/fuzz/campaign.test.ts';

export default defineConfig({
  test: {
    testTimeout: 60_000,
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: [LIVE, CAMPAIGN],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Live tests wait for real time, so nothing runs beside them.
        extends: true,
        test: {
          name: 'live',
          include: [LIVE],
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // A minute of it, alone so that it gets somewhere.
        extends: true,
        test: { name: 'fuzz', include: [CAMPAIGN], maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
