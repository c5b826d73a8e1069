import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

// The public names of the package, as in package.json, but from source.
const ADAPTERS = ['files', 'kafka', 'kurrentdb', 'memory', 'mysql', 'postgres', 'pubsub', 'redis', 'sqlite', 'webhook']
const alias = {
  ...Object.fromEntries(ADAPTERS.map((name) => [`lockstep/${name}`, source(`src/adapters/${name}/index.ts`)])),
  'lockstep/s3': source('src/adapters/objects/s3/index.ts'),
  'lockstep/azure': source('src/adapters/objects/azure/index.ts'),
  'lockstep/sftp': source('src/adapters/objects/sftp/index.ts'),
  'lockstep/gcs': source('src/adapters/objects/gcs/index.ts'),
  'lockstep/folder': source('src/adapters/objects/files/index.ts'),
  'lockstep/env': source('src/config/env.ts'),
  'lockstep/lambda': source('src/worker/lambda.ts'),
  'lockstep/client': source('src/client/index.ts'),
  lockstep: source('src/index.ts'),
}

/** Tests with servers. */
const served = (name: string, include: string): TestProjectInlineConfiguration => ({
  extends: true,
  test: {
    name,
    include: [include],
    globalSetup: ['test/support/postgres-servers.ts', 'test/support/mariadb-server.ts', 'test/support/cli-folder.ts'],
    // Only what hangs takes so long; a busy machine takes its time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 40_000, interval: 20 } },
  },
})

export default defineConfig({
  resolve: { alias },
  test: {
    // The database servers of the tests need processors too.
    maxWorkers: 2,
    // A process and its modules for each file took a tenth of the time of tests with servers, and more than half of the others'.
    isolate: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.unit.test.ts', 'test/**/*.unit.test.ts', 'scripts/**/*.unit.test.ts'],
          // They take milliseconds, but for properties on a busy machine.
          testTimeout: 20_000,
        },
      },
      served('int', 'test/**/*.int.test.ts'),
      // They wait for most of their time (for leases to end, for what is frozen or slow) and leave the processors to others.
      served('waits', 'test/**/*.waits.test.ts'),
      // What users get and begin with: the package, the demo, the examples.
      served('product', 'test/**/*.product.test.ts'),
      {
        extends: true,
        test: {
          // With a server of another version, of Debian's packages.
          name: 'versions',
          include: ['test/**/*.versions.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 20_000, interval: 20 } },
        },
      },
      {
        extends: true,
        test: {
          name: 'hostile',
          include: ['test/**/*.hostile.test.ts'],
          globalSetup: ['test/support/postgres-servers.ts', 'test/support/cli-folder.ts'],
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
