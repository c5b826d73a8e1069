import { type ChildProcess, spawn } from 'node:child_process'

/**
 * Ends a server (or with `KILL` any process) whose parent died without a word (SIGKILL, a crash), and removes its
 * temporary folder.
 */
export function guardOrphan(pid: number, temporary: string | undefined, signal: 'QUIT' | 'KILL' = 'QUIT'): Disposable {
  const wait = 'while kill -0 "$0" 2>/dev/null; do sleep 0.2; done'
  return guard(`kill -${signal} "$0"; kill -CONT "$0"; ${wait}; [ -z "$1" ] || rm -rf -- "$1"`, [
    String(pid),
    temporary ?? '',
  ])
}

/** Removes a folder when this process died without doing so; later than the servers that run from it end. */
export function removeWhenOrphaned(folder: string): Disposable {
  return guard('sleep 10; rm -rf -- "$0"', [folder])
}

/** A shell that waits for the end of its input, which comes when this process is gone in any way. */
function guard(then: string, args: readonly string[]): Disposable {
  const shell = spawn('/bin/sh', ['-c', `read -r _; ${then}`, ...args], {
    cwd: '/',
    // Of its own session: Ctrl-C in the terminal is not for it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // Without a shell there is no guard; everything works all the same.
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  letGo(shell)
  return { [Symbol.dispose]: () => void shell.kill('SIGKILL') }
}

/** The event loop may end although the process and its pipes are open. */
export function letGo(child: ChildProcess): void {
  child.unref()
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
  }
}
