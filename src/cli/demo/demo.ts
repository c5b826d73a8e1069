import { setTimeout as delay } from 'node:timers/promises'
import { EXIT, type ExitCode } from '../../core/errors.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { Board } from './board.js'
import { Dashboard } from './dashboard.js'
import type { Scene, SceneResult } from './scene.js'
import { loadScenes } from './scenes.js'
import { Stage } from './stage.js'

export interface DemoArguments {
  /** Names of the scenes to play; none: all. */
  readonly scenes: readonly string[]
  /** One round instead of rounds until Ctrl-C. */
  readonly once: boolean
  readonly json: boolean
  /** Default 200,000, when `seconds` is not given either. */
  readonly rows?: number
  readonly seconds?: number
}

const DEFAULT_ROWS = 200_000
const BETWEEN_ROUNDS_MS = 5_000

/** Plays scenes. Exits with 1 when one found a difference, and with 130 when it was ended before the first verdict. */
export async function demo(io: Io, args: DemoArguments): Promise<ExitCode> {
  const { scenes, missing } = await loadScenes(args.scenes)
  const end = new AbortController()
  const unlisten = onSignals(() => end.abort(new Interrupted()))
  const board = new Board(io, args.json)
  const results = new Map<string, SceneResult[]>()
  for (const { problem, fix } of missing) board.say(board.paint.dim(`${problem}; to see it: ${fix}`))
  try {
    const rows = args.rows ?? (args.seconds === undefined ? DEFAULT_ROWS : undefined)
    await using stage = await Stage.open({ board, options: { rows, seconds: args.seconds }, ended: end.signal })
    await play(scenes, stage, { once: args.once, results, end: end.signal })
    board.clear()
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
  } finally {
    board.end()
    unlisten()
  }
  const exitCode = exitCodeOf(results, { ...args, scenes: scenes.length, interrupted: end.signal.aborted })
  if (args.json && results.size > 0) io.out(toJson(summaryOf(results)))
  return exitCode
}

interface Play {
  readonly once: boolean
  readonly results: Map<string, SceneResult[]>
  readonly end: AbortSignal
}

/** Each scene is prepared when its turn comes first, and goes on working while the others are played. */
async function play(scenes: readonly Scene[], stage: Stage, { once, results, end }: Play): Promise<void> {
  const { board } = stage
  const dashboard = new Dashboard(stage)
  try {
    for (let round = 1; !end.aborted; round++) {
      for (const scene of scenes) {
        const again = round > 1 ? ` · round ${round}` : ''
        board.say(`\n${board.paint.bold(`lockstep demo · ${scene.name}${again}`)}\n${board.paint.dim(scene.title)}\n`)
        if (round === 1) {
          await scene.prepare(stage)
          await dashboard.add(scene.played())
        }
        await scene.run(stage)
        results.set(scene.name, [...(results.get(scene.name) ?? []), await scene.verify(stage)])
      }
      if (once) return
      board.waiting(`next round in ${BETWEEN_ROUNDS_MS / 1000} s, Ctrl-C to end`)
      await delay(BETWEEN_ROUNDS_MS, undefined, { signal: end }).catch(() => undefined)
    }
  } catch (error) {
    // What was under way when the demo was ended may fail in any way.
    throw end.aborted ? new Interrupted() : error
  } finally {
    board.waiting('stopping')
    await Promise.allSettled(scenes.map((scene) => scene[Symbol.asyncDispose]()))
  }
}

/** Ctrl-C or SIGTERM. */
class Interrupted extends Error {}

function exitCodeOf(
  results: ReadonlyMap<string, readonly SceneResult[]>,
  { once, scenes, interrupted }: { once: boolean; scenes: number; interrupted: boolean },
): ExitCode {
  if ([...results.values()].flat().some(({ identical }) => !identical)) return EXIT.different
  // Ctrl-C is how rounds end; a first round that was not finished is another matter.
  return interrupted && (once || results.size < scenes) ? EXIT.aborted : EXIT.ok
}

/** Of each scene the last round. */
function summaryOf(results: ReadonlyMap<string, readonly SceneResult[]>): object {
  const scenes = Object.fromEntries(
    [...results].map(([name, rounds]) => [name, { identical: rounds.every(isIdentical), ...rounds.at(-1)?.summary }]),
  )
  return { identical: [...results.values()].flat().every(isIdentical), scenes }
}

function isIdentical({ identical }: SceneResult): boolean {
  return identical
}

function onSignals(request: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, request)
  return () => {
    for (const signal of signals) process.off(signal, request)
  }
}
