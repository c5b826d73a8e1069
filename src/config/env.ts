import { ConfigError } from '../core/errors.js'

/**
 * The environment variable `name`, or `fallback` when it is unset or empty. A `.env` file beside the config has been read
 * by then; what the environment already holds wins over it. Throws a `ConfigError` when there is neither.
 */
function text(name: string, fallback?: string): string {
  const value = process.env[name]
  if (value !== undefined && value !== '') return value
  if (fallback !== undefined) return fallback
  throw new ConfigError({
    code: 'env-missing',
    key: `env.${name}`,
    message: `the environment variable ${name} is ${value === '' ? 'empty' : 'not set'}`,
    fix: `set ${name} in the environment, or add a line ${name}=... to the file .env beside the config`,
  })
}

/**
 * The same as a number: sizes of batches and pools, times in ms. Throws a `ConfigError` also for what is no number; what
 * it is stands in no message, as it may be a secret that got the wrong name.
 */
function number(name: string, fallback?: number): number {
  const value = text(name, fallback === undefined ? undefined : String(fallback)).trim()
  const parsed = Number(value)
  if (value !== '' && Number.isFinite(parsed)) return parsed
  throw new ConfigError({
    code: 'env-number',
    key: `env.${name}`,
    message: `the environment variable ${name} is not a number`,
    fix: `set ${name} to a number without unit, e.g. ${fallback ?? 1000}`,
  })
}

/** What the environment says: `env('A_URL')`, `env.number('LANES', 4)`. */
export const env = Object.assign(text, { number })
