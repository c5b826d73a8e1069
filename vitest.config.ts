import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

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
  'lockstep/client': source('src/client/index.ts'),
  lockstep: source('src/index.ts'),
}

export default defineConfig({
  resolve: { alias },
  test: {
    // The database servers of the tests need processors too.
    maxWorkers: 2,
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
      {
        extends: true,
        test: {
          name: 'int',
          include: ['test/**/*.int.test.ts'],
          globalSetup: [
            'test/support/postgres-servers.ts',
            'test/support/mariadb-server.ts',
            'test/support/cli-folder.ts',
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Of a condition that is awaited; a busy machine takes its time.
          expect: { poll: { timeout: 20_000, interval: 20 } },
        },
      },
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
          globalSetup: ['test/support/postgres-servers.ts'],
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
