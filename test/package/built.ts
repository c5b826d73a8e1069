import { execFile } from 'node:child_process'
import { chmod, cp, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsdown'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export interface Ended {
  readonly code: number | string | null
  readonly stdout: string
  readonly stderr: string
}

/** A new folder that other users may enter. */
export async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-package-'))
  await chmod(folder, 0o755)
  return folder
}

/** Builds into `folder/dist`, and copies these files of the checkout beside it. */
export async function buildInto(folder: string, files: readonly string[]): Promise<void> {
  await build({ cwd: ROOT, outDir: join(folder, 'dist'), dts: false, logLevel: 'error' })
  for (const name of files) await cp(join(ROOT, name), join(folder, name), { recursive: true })
}

/** Runs a program to its end, in a quiet environment. */
export function runIn(cwd: string, program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_OPTIONS: '', npm_config_loglevel: 'error', npm_config_fund: 'false' }
    execFile(program, [...args], { cwd, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.code ?? null), stdout, stderr }),
    )
  })
}
