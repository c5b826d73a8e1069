import { type Config, LOG_LEVELS, type LogLevel } from '../../config/define-config.js'
import { ConfigError } from '../../core/errors.js'

/** `--log-level`, else LOCKSTEP_LOG_LEVEL (of `.env` too), else the config's. */
export function logLevelOf(
  option: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  config: Config,
): LogLevel {
  const named = option ?? (env['LOCKSTEP_LOG_LEVEL'] || undefined)
  if (named === undefined) return config.log?.level ?? 'info'
  const level = LOG_LEVELS.find((known) => known === named)
  if (level !== undefined) return level
  throw new ConfigError({
    code: 'log-level-invalid',
    key: 'env.LOCKSTEP_LOG_LEVEL',
    message: 'is not a log level',
    fix: `use one of ${LOG_LEVELS.join(', ')}, or unset it`,
  })
}
