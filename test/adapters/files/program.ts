import { type ChildProcess, spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Folder } from './folder.js'

const READER = fileURLToPath(new URL('stdin-reader.ts', import.meta.url))
const TSX = fileURLToPath(new URL('../../../node_modules/.bin/tsx', import.meta.url))

/** A process that prints each line of its standard input as JSON, and ends when that ends or with the first batch. */
export async function program() {
  const folder = await Folder.make()
  const children: ChildProcess[] = []
  const start = (input: 'pipe' | number, ends: 'end' | 'first') => {
    const child = spawn(TSX, [READER, ends], { stdio: [input, 'pipe', 'inherit'] })
    children.push(child)
    return child
  }
  return {
    async pipe(content: string) {
      const child = start('pipe', 'end')
      child.stdin?.end(content)
      return printed(child)
    },
    async file(content: string) {
      return printed(start(openSync(await folder.write('input', content), 'r'), 'end'))
    },
    async leaveOpen(content: string) {
      const child = start('pipe', 'first')
      child.stdin?.write(content)
      return printed(child)
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL')
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** What it printed until it ended. */
async function printed(child: ChildProcess): Promise<readonly unknown[]> {
  let text = ''
  child.stdout?.on('data', (chunk) => {
    text += String(chunk)
  })
  await new Promise((resolve) => child.once('close', resolve))
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}
