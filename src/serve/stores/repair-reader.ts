import type { RepairSql } from '../../client/wire/checks.js'
import type { CheckRun } from '../../core/check-store.js'
import type { Flow } from '../../core/flow.js'
import type { Side } from '../../core/repair.js'
import { scrub } from '../../core/secret.js'
import { deadline } from '../../engine/deadline.js'
import type { Desk } from '../desk.js'
import { RequestError } from '../problem.js'
import { flowOf } from '../routes/route-parts.js'
import { checkStoreOf } from './check-reader.js'

/** Findings of which SQL is made in one answer; the command takes all. */
const MAX_FINDINGS = 1_000
const MAX_CHARACTERS = 1024 * 1024
/** A statement that is longer is no text for a page. */
const MAX_STATEMENT = 128 * 1024
/** Whoever asks waits for it. */
const DEADLINE_MS = 15_000

export interface RepairQuery {
  readonly side: RepairSql['side'] | undefined
  readonly delete: boolean
}

/** Makes SQL of what runs of checks have found, of each flow one at a time, as it reads both sides anew. Runs none of it. */
export class RepairReader {
  readonly #desk: Desk
  readonly #reading = new Set<string>()

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** `undefined`: there is no such run of this flow. */
  async sql(place: { readonly flow: string; readonly id: string }, query: RepairQuery): Promise<RepairSql | undefined> {
    const { flow: name, id } = place
    const flow = flowOf(this.#desk, name)
    const store = checkStoreOf(this.#desk, name)
    const run = store && (await this.#within(name, () => store.get(id)))
    if (store === undefined || run?.flow !== name) return undefined
    const side = sideOf(run, query.side)
    if (flow.repairSql === undefined) throw unsupported()
    if (this.#reading.has(name)) {
      throw new RequestError(409, 'repair-running', 'repair SQL of this check is being made', 'wait until that is done')
    }
    this.#reading.add(name)
    try {
      const findings = await this.#within(name, () => store.findings(id, { limit: MAX_FINDINGS }))
      return await this.#make({ name, flow, run }, { ...query, side, findings })
    } finally {
      this.#reading.delete(name)
    }
  }

  async #make(subject: Subject, { side, delete: deletes, findings }: Choice): Promise<RepairSql> {
    const { name, flow, run } = subject
    const script = new Script(name)
    const { drain } = this.#desk
    const report = await this.#within(name, (abort) => {
      const request = { run, findings, side: side === 'stored' ? undefined : side, delete: deletes }
      const { isFull, write } = script
      if (flow.repairSql === undefined) throw unsupported()
      return flow.repairSql({ ...request, isFull, write }, { name, drain, abort })
    })
    const found = Object.values(run.found.byKind).reduce((sum, count) => sum + (count ?? 0), 0)
    return {
      sql: script.text,
      side,
      table: report.table,
      statements: report.planned - script.dropped,
      findings: report.considered,
      changedMeanwhile: report.changedMeanwhile,
      left: report.left.map(({ reason, count }) => ({ reason: scrub(reason), count })),
      complete: script.dropped === 0 && report.considered >= found,
      command: commandOf(name, side, deletes),
    }
  }

  #within<Result>(flow: string, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    return deadline({ what: `the rows of check ${flow}`, ms: DEADLINE_MS, signal: this.#desk.abort }, work)
  }
}

interface Subject {
  readonly name: string
  readonly flow: Flow
  readonly run: CheckRun
}

interface Choice {
  readonly side: RepairSql['side']
  readonly delete: boolean
  readonly findings: Parameters<NonNullable<Flow['repairSql']>>[0]['findings']
}

/** What is written, up to a size. */
class Script {
  readonly #lines: string[] = []
  readonly #flow: string
  #characters = 0
  /** Statements that were too long. */
  dropped = 0

  constructor(flow: string) {
    this.#flow = flow
  }

  get text(): string {
    return `${this.#lines.join('\n')}\n`
  }

  readonly isFull = (): boolean => this.#characters >= MAX_CHARACTERS

  readonly write = (text: string): void => {
    const long = text.length > MAX_STATEMENT
    if (long) this.dropped += 1
    const told = `-- left out, as it has ${text.length} characters: a statement that lockstep check ${this.#flow} --repair sql writes`
    const line = long ? told : text
    this.#characters += line.length + 1
    this.#lines.push(line)
  }
}

function sideOf({ subject }: CheckRun, given: RepairSql['side'] | undefined): RepairSql['side'] {
  if (subject.kind === 'references') {
    if (given === undefined || given === 'stored') return 'stored'
    throw wrongSide('a check of references changes the stored numbers', 'leave it out, or say side=stored')
  }
  if (given === 'left' || given === 'right') return given
  throw wrongSide('it is not said which table is to be made like the other', 'say side=left or side=right')
}

function commandOf(flow: string, side: Side | 'stored', deletes: boolean): string {
  const options = [...(side === 'stored' ? [] : [`--side ${side}`]), ...(deletes ? ['--delete'] : [])]
  return ['lockstep check', flow, '--repair sql', ...options].join(' ')
}

function wrongSide(detail: string, fix: string): RequestError {
  return new RequestError(400, 'repair-side', detail, fix)
}

function unsupported(): RequestError {
  return new RequestError(409, 'repair-unsupported', 'this flow cannot be repaired by SQL')
}
