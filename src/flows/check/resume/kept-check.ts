import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Position } from '../../../core/batch.js'
import { ConfigError, LockstepError } from '../../../core/errors.js'
import { failpoint } from '../../../core/failpoint.js'
import type { CheckOptions, FlowContext } from '../../../core/flow.js'

const LANE = 'check'

/** A flow that does more than check has checkpoints under its own name, with lanes that it knows. */
function keeper({ name }: FlowContext): string {
  return `${name} (check)`
}

const Kept = z.object({
  /** Tells what is compared; what another shape left is of no use. */
  shape: z.string(),
  at: z.iso.datetime(),
  /** Of the last whole digest. */
  digestMs: z.number().optional(),
  /** What an interrupted check has done; left out when it came to its end. */
  done: z.unknown().optional(),
})
type Kept = z.infer<typeof Kept>

export interface KeepOptions<Done> {
  /** Everything that decides what the check compares, as JSON. */
  readonly shape: unknown
  readonly done: z.ZodType<Done>
  readonly check: Pick<CheckOptions, 'resume' | 'repair'>
}

/** What an interrupted check has done, kept in the state database so that another process can go on with it. */
export class KeptCheck<Done> {
  /** What is gone on with, and when it was saved. */
  readonly resumed: { readonly done: Done; readonly at: string } | undefined
  /** How long a whole digest took the last time. */
  readonly digestMs: number | undefined
  /** Something is kept that a later run can go on with. */
  kept = false
  readonly #context: FlowContext
  readonly #shape: string
  #position: Position | undefined
  #next: Kept | undefined
  #saving: Promise<void> | undefined
  #failed = false

  private constructor(
    context: FlowContext,
    shape: string,
    found: {
      readonly position: Position | undefined
      readonly kept: Kept | undefined
      readonly done: Done | undefined
    },
  ) {
    this.#context = context
    this.#shape = shape
    this.#position = found.position
    this.digestMs = found.kept?.digestMs
    this.resumed = found.done === undefined ? undefined : { done: found.done, at: found.kept?.at ?? '' }
    this.kept = this.resumed !== undefined
  }

  /** Throws `ConfigError` when a check is to be resumed that cannot be. */
  static async open<Done>(context: FlowContext, options: KeepOptions<Done>): Promise<KeptCheck<Done>> {
    const asked = options.check.resume === true
    if (asked) assertResumable(context, options.check)
    const shape = createHash('sha256').update(JSON.stringify(options.shape)).digest('base64')
    const position = await loaded(context, asked)
    const kept = parsed(position)
    const isSame = kept?.shape === shape
    const done = asked && isSame ? options.done.safeParse(kept.done).data : undefined
    if (asked && done === undefined) {
      const isEnded = kept === undefined || kept.done === undefined
      const because = isEnded
        ? 'no run of it was interrupted'
        : 'the config or a table has changed since it was interrupted'
      const message = `there is nothing to resume, as ${because}: it starts anew`
      context.observer({ flow: context.name, type: 'notice', level: 'warn', code: 'nothing-to-resume', message })
    }
    return new KeptCheck(context, shape, { position, kept: isSame ? kept : undefined, done })
  }

  /** Keeps what is done so far, in the background: a check does not wait for it. While one is being saved, the next waits. */
  save(done: Done): void {
    this.#next = { ...this.#now(), done }
    this.#begin()
  }

  /** Writes what `save` was given last. */
  async flush(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving
  }

  /** The check came to its end: there is nothing to go on with. */
  async end(digestMs: number | undefined): Promise<void> {
    const before = digestMs === undefined || digestMs === 0 ? this.digestMs : digestMs
    this.#next = { ...this.#now(), ...(before === undefined ? {} : { digestMs: before }) }
    this.#begin()
    await this.flush()
    this.kept = false
  }

  #now(): Kept {
    const { digestMs } = this
    return { shape: this.#shape, at: new Date().toISOString(), ...(digestMs === undefined ? {} : { digestMs }) }
  }

  #begin(): void {
    const next = this.#next
    const { state } = this.#context
    if (next === undefined || state === undefined || this.#saving !== undefined || this.#failed) return
    this.#next = undefined
    const position = JSON.stringify(next)
    this.#saving = state.checkpoints
      .save({ flow: keeper(this.#context), lane: LANE, position, expected: this.#position })
      .then(
        () => {
          this.#position = position
          this.kept = next.done !== undefined
          failpoint('check:kept')
        },
        (error: unknown) => this.#fail(error),
      )
      .finally(() => {
        this.#saving = undefined
        this.#begin()
      })
  }

  /** The verdict does not hang on it. Another process that checks the same moves the checkpoint: then that one's is kept. */
  #fail(error: unknown): void {
    this.#failed = true
    this.kept = false
    tellNotKept(this.#context, error)
  }
}

async function loaded(context: FlowContext, asked: boolean): Promise<Position | undefined> {
  try {
    return (await context.state?.checkpoints.load(keeper(context)))?.get(LANE)
  } catch (error) {
    if (asked) throw error
    tellNotKept(context, error)
    return undefined
  }
}

function tellNotKept({ name: flow, observer }: FlowContext, error: unknown): void {
  const reason =
    error instanceof LockstepError ? error.message : 'the state database answered with something unexpected'
  const message = `what the check has done is not kept, so that it cannot be resumed: ${reason}`
  observer({ flow, type: 'notice', level: 'warn', code: 'check-not-kept', message })
}

function parsed(position: Position | undefined): Kept | undefined {
  if (position === undefined) return undefined
  try {
    return Kept.safeParse(JSON.parse(position)).data
  } catch {
    return undefined
  }
}

function assertResumable({ name, state }: FlowContext, { repair }: KeepOptions<unknown>['check']): void {
  const key = `flows.${name}`
  if (repair !== undefined) {
    throw new ConfigError({
      code: 'option-invalid',
      key,
      message: 'a resumed check cannot repair: what its first part found is counted, not kept',
      fix: 'resume it without repair, or check it anew with it',
    })
  }
  if (state !== undefined) return
  throw new ConfigError({
    code: 'resume-without-state',
    key,
    message: 'a check is resumed from what it keeps in the state database, and there is none that can be used',
    fix: 'name one with `state` in the config',
  })
}
