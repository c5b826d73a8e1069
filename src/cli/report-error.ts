import { ConfigError, LockstepError } from '../core/errors.js'
import { scrub } from '../core/secret.js'
import type { Paint } from './render/paint.js'

export interface ErrorOptions {
  readonly paint: Paint
  /** LOCKSTEP_DEBUG is set: stacks too. */
  readonly debug: boolean
  /** The flow it happened in. */
  readonly flow?: string
}

/** An error for people: what, where, what to do. Never a credential, nor a stack unless asked for. */
export function renderError(error: unknown, options: ErrorOptions): string {
  const { paint } = options
  const lines = describe(error, options.flow).map(([label, text], index) => {
    const name = label.padStart(5)
    const coloured = index === 0 ? paint.bold(paint.red(name)) : paint.dim(name)
    return `${coloured}  ${scrub(text).replaceAll('\n', '\n       ')}`
  })
  if (options.debug) lines.push('', paint.dim(stackOf(error)))
  return lines.join('\n')
}

type Line = readonly [label: string, text: string]

function describe(error: unknown, flow: string | undefined): readonly Line[] {
  const where: Line[] = flow === undefined ? [] : [['flow', flow]]
  if (error instanceof ConfigError) {
    const place: Line[] = error.key.startsWith(`flows.${flow}`) ? [] : where
    return [['error', error.problem], ['at', error.key], ...place, ['fix', error.fix], ['code', error.code]]
  }
  if (error instanceof LockstepError) return [['error', error.message], ...where, ['code', error.code]]
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return [
    ['error', `unexpected: ${message}`],
    ...where,
    ['fix', 'this is a bug in lockstep: please report it with what LOCKSTEP_DEBUG=1 adds to this message'],
  ]
}

/** The stacks of an error and its causes; messages of causes may come from a driver, so they are scrubbed as well. */
function stackOf(error: unknown): string {
  const stacks: string[] = []
  for (let inner = error; inner instanceof Error && stacks.length < 5; inner = inner.cause) {
    stacks.push(scrub(inner.stack ?? inner.message))
  }
  return stacks.join('\ncaused by: ')
}
