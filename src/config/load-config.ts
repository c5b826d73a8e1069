import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadConfig as load } from 'c12'
import { ConfigError, LockstepError } from '../core/errors.js'
import { scrub } from '../core/secret.js'
import type { Config } from './define-config.js'
import { validateConfig } from './validate-config.js'

const NAME = 'lockstep.config'
/** What a config may import from this package, and where it is in the build, seen from one of its folders: this file's, or that of the chunk it is in. */
export const ENTRIES: Readonly<Record<string, string>> = {
  lockstep: '../index.js',
  'lockstep/azure': '../adapters/objects/azure/index.js',
  'lockstep/client': '../client/index.js',
  'lockstep/env': '../config/env.js',
  'lockstep/files': '../adapters/files/index.js',
  'lockstep/folder': '../adapters/objects/files/index.js',
  'lockstep/gcs': '../adapters/objects/gcs/index.js',
  'lockstep/kafka': '../adapters/kafka/index.js',
  'lockstep/kurrentdb': '../adapters/kurrentdb/index.js',
  'lockstep/lambda': '../worker/lambda.js',
  'lockstep/memory': '../adapters/memory/index.js',
  'lockstep/mysql': '../adapters/mysql/index.js',
  'lockstep/postgres': '../adapters/postgres/index.js',
  'lockstep/pubsub': '../adapters/pubsub/index.js',
  'lockstep/redis': '../adapters/redis/index.js',
  'lockstep/s3': '../adapters/objects/s3/index.js',
  'lockstep/sftp': '../adapters/objects/sftp/index.js',
  'lockstep/sqlite': '../adapters/sqlite/index.js',
  'lockstep/webhook': '../adapters/webhook/index.js',
}

export interface LoadedConfig {
  readonly config: Config
  /** Absolute path. */
  readonly file: string
}

export interface LoadOptions {
  /** Where to look for `lockstep.config.{ts,mts,js,mjs}`. */
  readonly cwd: string
  /** A path to the file itself, relative to `cwd`. */
  readonly file?: string
}

/**
 * Reads `.env` beside the config, then the config, and validates it. Every failure is a `ConfigError` that names the key
 * (or the file) and the cure.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const path = options.file === undefined ? undefined : resolve(options.cwd, options.file)
  if (path !== undefined && !(await isFile(path))) throw notFound(path, options)
  const cwd = path === undefined ? resolve(options.cwd) : dirname(path)
  const result = await read(cwd, path === undefined ? NAME : basename(path))
  if (result.file === undefined) throw notFound(resolve(cwd, `${NAME}.ts`), options)
  return { config: validateConfig(result.value, result.file), file: result.file }
}

async function read(cwd: string, configFile: string): Promise<{ value: unknown; file: string | undefined }> {
  const first: { value?: unknown } = {}
  try {
    const result = await load({
      name: 'lockstep',
      cwd,
      configFile,
      // No `${...}` in .env: passwords hold dollar signs.
      dotenv: { interpolate: false },
      // The config is TypeScript and nothing else: one file says it all, and its objects are taken as they are.
      rcFile: false,
      packageJson: false,
      extend: false,
      giget: false,
      envName: false,
      merger: (...layers) => {
        first.value = layers.find((layer) => layer !== undefined && layer !== null)
        return {}
      },
      jitiOptions: {
        // Only TypeScript is transformed. JavaScript goes through Node's own import, so that a config shares this
        // package's one instance of every class (an error of another instance would not be a `ConfigError` here).
        extensions: ['.ts', '.mts', '.cts', '.json'],
        fsCache: cacheFolder(cwd) ?? false,
        alias: ownEntries(),
      },
    })
    return { value: first.value, file: result._configFile }
  } catch (error) {
    throw unreadable(error, resolve(cwd, configFile))
  }
}

/**
 * Where compiled configs are kept, as loading the compiler takes as long as all else that a start does. Beside what is run
 * anyway, never in a temporary folder, where others might write, and for the eyes of this user only, as a config may be too.
 * `undefined` where there is no such place, or it is read-only, as in a container.
 */
function cacheFolder(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const modules = join(folder, 'node_modules')
    if (existsSync(modules)) return writable(join(modules, '.cache', 'lockstep'))
    if (folder === dirname(folder)) return undefined
  }
}

function writable(folder: string): string | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK | constants.X_OK)
    return folder
  } catch {
    return undefined
  }
}

/** A CLI that was installed elsewhere also serves `import ... from 'lockstep'` with itself: one instance, one version. */
function ownEntries(): Record<string, string> {
  const entries = Object.entries(ENTRIES).map(
    ([name, path]) => [name, fileURLToPath(new URL(path, import.meta.url))] as const,
  )
  return Object.fromEntries(entries.filter(([, path]) => existsSync(path)))
}

function unreadable(error: unknown, file: string): LockstepError {
  if (error instanceof LockstepError) return error
  const message = scrub(error instanceof Error ? error.message : String(error))
  return new ConfigError({
    code: 'config-unreadable',
    key: 'config',
    message: `${file} could not be read: ${message.split('\n')[0]}`,
    fix: 'correct the file; `npx tsc --noEmit` shows the same mistakes with their lines',
    cause: error,
  })
}

function notFound(path: string, options: LoadOptions): ConfigError {
  return new ConfigError({
    code: 'config-missing',
    key: 'config',
    message: `there is no config file; looked for ${path}`,
    fix:
      options.file === undefined
        ? 'write one with `lockstep init`, or name another place with --config'
        : 'check the path given with --config, or write a config with `lockstep init`',
  })
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
