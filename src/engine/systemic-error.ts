import { EXIT, LockstepError } from '../core/errors.js'

/**
 * Most of a batch is refused, or items are refused only together: the cause lies in the schema, the mapping or the
 * target, not in the items. Nothing of the batch was dead-lettered, stored or acknowledged; the flow stops.
 */
export class SystemicError extends LockstepError {
  readonly exitCode = EXIT.data
}
