import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { BuiltCli } from './built-cli.js'

/** Runs `lockstep ...args` with a terminal for all its streams, and answers what was written to it. */
export async function onTerminal(
  cli: BuiltCli,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly stdout: string }> {
  const command = [process.execPath, join(cli.folder, 'cli', 'main.js'), ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qec', `stty cols 100 rows 30; ${command}`, '/dev/null'], {
    cwd,
    env: { PATH: process.env['PATH'], TERM: 'xterm' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  return { stdout }
}
