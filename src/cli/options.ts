import { InvalidArgumentError, Option } from 'commander'
import { LOG_LEVELS } from '../config/define-config.js'

// Made anew for each command, as commander binds an option to the command it is added to.

export function configOption(): Option {
  return new Option('--config <path>', 'the config file (default: lockstep.config.ts in this folder)')
}

export function jsonOption(description = 'print one object on stdout'): Option {
  return new Option('--json', description)
}

export function logLevelOption(): Option {
  return new Option(
    '--log-level <level>',
    'what to log (default: LOCKSTEP_LOG_LEVEL, log.level of the config, info)',
  ).choices(LOG_LEVELS)
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 0 or more.')
  return Number(text)
}

export function share(text: string): number {
  const value = Number(text)
  if (/^0?\.\d{1,12}$/.test(text) && value > 0) return value
  throw new InvalidArgumentError('It must be more than 0 and less than 1, such as 0.01.')
}
