import type { ExitCode } from '../core/errors.js'

/** How a command hands its exit code to the process. */
export type Finish = (result: Promise<ExitCode>) => Promise<void>
