import { setTimeout as delay } from 'node:timers/promises'
import { EXIT, type ExitCode } from '../../core/errors.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { Board } from './board.js'
import type { Scene, SceneResult } from './scene.js'
import { Stage } from './stage.js'
import { SyncScene } from './sync-scene.js'

export interface DemoArguments {
  /** One round instead of rounds until Ctrl-C. */
  readonly once: boolean
  readonly json: boolean
  /** Default 200,000, when `seconds` is not given either. */
  readonly rows?: number
  readonly seconds?: number
}

const DEFAULT_ROWS = 200_000
const BETWEEN_ROUNDS_MS = 5_000

/** Plays every scene. Exits with 1 when a scene found a difference, and with 130 when it was ended before the first verdict. */
export async function demo(io: Io, args: DemoArguments): Promise<ExitCode> {
  const end = new AbortController()
  const unlisten = onSignals(() => end.abort(new Interrupted()))
  const board = new Board(io, args.json)
  const results: SceneResult[] = []
  try {
    const rows = args.rows ?? (args.seconds === undefined ? DEFAULT_ROWS : undefined)
    await using stage = await Stage.open({ board, options: { rows, seconds: args.seconds }, ended: end.signal })
    for (const scene of [new SyncScene()]) await play(scene, stage, { once: args.once, results, end: end.signal })
    board.clear()
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
  } finally {
    board.end()
    unlisten()
  }
  const exitCode = exitCodeOf(results, { once: args.once, interrupted: end.signal.aborted })
  if (args.json && results.length > 0) io.out(toJson(summaryOf(results)))
  return exitCode
}

interface Play {
  readonly once: boolean
  readonly results: SceneResult[]
  readonly end: AbortSignal
}

async function play(scene: Scene, stage: Stage, { once, results, end }: Play): Promise<void> {
  const { board } = stage
  board.say(`\n${board.paint.bold(`lockstep demo · ${scene.name}`)}\n${board.paint.dim(scene.title)}\n`)
  try {
    await scene.prepare(stage)
    for (let round = 1; !end.aborted; round++) {
      if (round > 1) board.say(board.paint.dim(`round ${round}`))
      await scene.run(stage)
      results.push(await scene.verify(stage))
      if (once) return
      board.waiting(`next round in ${BETWEEN_ROUNDS_MS / 1000} s, Ctrl-C to end`)
      await delay(BETWEEN_ROUNDS_MS, undefined, { signal: end }).catch(() => undefined)
    }
  } catch (error) {
    // What was under way when the demo was ended may fail in any way.
    throw end.aborted ? new Interrupted() : error
  } finally {
    board.waiting('stopping')
    await scene[Symbol.asyncDispose]()
  }
}

/** Ctrl-C or SIGTERM. */
class Interrupted extends Error {}

function exitCodeOf(
  results: readonly SceneResult[],
  { once, interrupted }: { once: boolean; interrupted: boolean },
): ExitCode {
  if (results.some(({ identical }) => !identical)) return EXIT.different
  // Ctrl-C is how rounds end; one round that was asked for and not finished is another matter.
  return interrupted && (once || results.length === 0) ? EXIT.aborted : EXIT.ok
}

function summaryOf(results: readonly SceneResult[]): object {
  const identical = results.every((result) => result.identical)
  return { identical, ...Object.assign({}, ...results.map((result) => result.summary)) }
}

function onSignals(request: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, request)
  return () => {
    for (const signal of signals) process.off(signal, request)
  }
}
