import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsdown'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The package as it is published, built to a folder of its own: what users run, not what the sources would do. */
export interface BuiltCli extends AsyncDisposable {
  /** Holds what `dist` would hold. */
  readonly folder: string
  /** Starts `lockstep ...args`. */
  start(args: readonly string[], options?: StartOptions): RunningCli
}

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningCli {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves once stdout or stderr has had the text; throws when the process ends before. */
  printed(text: string): Promise<void>
}

export async function builtCli(): Promise<BuiltCli> {
  const parent = join(ROOT, '.lockstep')
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(join(parent, 'cli-'))
  await build({ cwd: ROOT, outDir: folder, dts: false, logLevel: 'error' })
  const running = new Set<ChildProcess>()
  return {
    folder,
    start(args, options = {}) {
      const cli = start(join(folder, 'cli', 'main.js'), args, options)
      running.add(cli.process)
      return cli
    },
    [Symbol.asyncDispose]: async () => {
      for (const child of running) child.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function start(main: string, args: readonly string[], { cwd = ROOT, env = {} }: StartOptions): RunningCli {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const waiting = new Set<() => void>()
  const look = () => {
    for (const waiter of waiting) waiter()
  }
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    look()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    look()
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  const printed = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const waiter = () => {
        if (stdout.includes(text) || stderr.includes(text)) resolve()
      }
      waiting.add(waiter)
      waiter()
      ended.then(() => reject(new Error(`it ended without printing ${text}:\n${stdout}\n${stderr}`)), reject)
    })
  return { process: child, ended, printed }
}
