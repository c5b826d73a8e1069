import { ConfigError } from '../../../core/errors.js'

/** What a worker says whose tables are not those that the coordinator cut. */
export function rangeElsewhere(flow: string): ConfigError {
  return new ConfigError({
    code: 'range-elsewhere',
    key: `flows.${flow}`,
    message:
      'the tables that this worker found are not those of the coordinator: they are of another server or database, or one of them was altered',
    fix: 'give all processes the same addresses, and run the check again once migrations are done',
  })
}
