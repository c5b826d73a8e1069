import { z } from 'zod'
import { EXIT } from '../../../core/errors.js'
import { count, span } from '../../render/format.js'
import type { Board } from '../board.js'
import type { SceneResult } from '../scene.js'
import type { Stage } from '../stage.js'
import type { Inventory } from './oracle.js'
import type { Round, Setting } from './sync-round.js'

/** What `lockstep check --json` prints; all of it goes on into the summary. */
const Checked = z.looseObject({ verdict: z.string() })
type Checked = z.infer<typeof Checked>

interface Judgement {
  readonly check: Checked & { readonly exitCode: number | null }
  readonly oracle: { readonly left: Inventory; readonly right: Inventory }
}

/** Compares the sides twice: with `lockstep check`, and in plain SQL that shares no code with it. */
export async function judgeRound(stage: Stage, setting: Setting, round: Round): Promise<SceneResult> {
  tellRound(stage, round)
  stage.board.waiting('comparing both sides, with lockstep check and in plain SQL')
  const check = await runCheck(stage, setting)
  const [left, right] = await Promise.all([setting.oracles.left.inventory(), setting.oracles.right.inventory()])
  const judgement: Judgement = { check, oracle: { left, right } }
  const identical = tellJudgement(stage, round, judgement)
  return { identical, summary: summaryOf(round, judgement) }
}

async function runCheck(stage: Stage, { env, folder }: Setting): Promise<Judgement['check']> {
  const outcome = await stage.product(['check', 'mirror', '--json'], { env, cwd: folder }).ended
  try {
    return { ...Checked.parse(JSON.parse(outcome.stdout)), exitCode: outcome.exitCode }
  } catch {
    stage.board.say(outcome.log)
    return { verdict: 'failed', exitCode: outcome.exitCode }
  }
}

function tellRound({ board }: Stage, round: Round): void {
  const { loaded, convergedMs, syncRowsPerSecond, expectedRows } = round
  board.done(
    `load ended: ${count(loaded.rows)} rows in ${span(loaded.seconds * 1000)}, ${count(loaded.rowsPerSecond)} rows/s`,
  )
  if (convergedMs === undefined) board.failed(`both sides did not get to the same ${count(expectedRows)} rows in time`)
  else
    board.done(
      `both sides had all ${count(expectedRows)} rows ${span(convergedMs)} later; sync copied ${count(syncRowsPerSecond)} rows/s`,
    )
  tellLag(board, round)
}

function tellLag(board: Board, { probe, probesUnderLoad }: Round): void {
  const [p50, p99] = [probe.percentileMs(0.5), probe.percentileMs(0.99)]
  if (p50 === undefined || p99 === undefined) {
    board.failed('no row put in on one side was seen on the other in time')
    return
  }
  const all = count(probe.samples)
  const rows = probesUnderLoad === probe.samples ? `${all} rows` : `${count(probesUnderLoad)} of ${all} rows`
  board.done(`lag from commit to seen on the other side: p50 ${span(p50)}, p99 ${span(p99)} (${rows} under load)`)
}

/** Whether every check agrees. */
function tellJudgement({ board }: Stage, round: Round, { check, oracle }: Judgement): boolean {
  const { left, right } = oracle
  const checkSame = check.exitCode === EXIT.ok && check.verdict === 'same'
  const sqlSame = left.rows === right.rows && left.md5 === right.md5 && left.rows >= round.expectedRows
  const tell = (good: boolean, text: string): void => (good ? board.done(text) : board.failed(text))
  tell(checkSame, `lockstep check mirror: ${check.verdict}`)
  tell(sqlSame, `plain SQL, left:  ${count(left.rows)} rows, md5 of all ${left.md5}`)
  tell(sqlSame, `plain SQL, right: ${count(right.rows)} rows, md5 of all ${right.md5}`)
  const { bold, green, red, yellow } = board.paint
  if (checkSame && sqlSame) board.say(`\n  ${bold(green('IDENTICAL'))}\n`)
  else if (sqlSame && check.verdict !== 'different') board.say(`\n  ${bold(yellow('NOT VERIFIED'))}\n`)
  else board.say(`\n  ${bold(red('DIFFERENT'))}\n`)
  return checkSame && sqlSame
}

function summaryOf(round: Round, judgement: Judgement): Readonly<Record<string, unknown>> {
  const { loaded, probe } = round
  return {
    rows: loaded.rows,
    seconds: loaded.seconds,
    loadRowsPerSecond: loaded.rowsPerSecond,
    loadErrors: loaded.errors,
    syncRows: round.copiedRows,
    syncRowsPerSecond: round.syncRowsPerSecond,
    lagMs: {
      p50: rounded(probe.percentileMs(0.5)),
      p99: rounded(probe.percentileMs(0.99)),
      probes: probe.samples,
      underLoad: round.probesUnderLoad,
      first: rounded(probe.firstMs),
    },
    convergedMs: rounded(round.convergedMs),
    oracle: judgement.oracle,
    check: judgement.check,
  }
}

/** JSON has no `undefined`: what was not measured is null. */
function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms)
}
