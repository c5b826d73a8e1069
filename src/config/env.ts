import { ConfigError } from '../core/errors.js'

/**
 * The environment variable `name`, or `fallback` when it is unset or empty. A `.env` file beside the config has been read
 * by then; what the environment already holds wins over it. Throws a `ConfigError` when there is neither.
 */
export function env(name: string, fallback?: string): string {
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
