import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'

let cli: BuiltCli
let folder = ''
beforeAll(async () => {
  cli = await builtCli()
  folder = await mkdtemp(join(tmpdir(), 'config-cache-'))
})
afterAll(async () => {
  await cli[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

/** What a config says that is read from a folder below `at`. */
async function said(at: string, text: string): Promise<string> {
  const cwd = join(at, 'flows')
  await mkdir(cwd, { recursive: true })
  const problem = `{ code: 'test', key: 'test', message: ${JSON.stringify(text)}, fix: 'none' }`
  const lines = [
    `import { ConfigError } from 'lockstep'`,
    `const text: string = ''`,
    `throw new ConfigError(${problem})`,
  ]
  await writeFile(join(cwd, 'lockstep.config.ts'), `${lines.join('\n')}\nexport default text\n`)
  const { code, stderr } = await cli.start(['status'], { cwd }).ended
  expect(code).toBe(2)
  return stderr
}

describe('the compiled config', () => {
  it('is kept beside the libraries, for this user alone, until the config changes', async () => {
    const app = join(folder, 'app')
    await mkdir(join(app, 'node_modules'), { recursive: true })
    expect(await said(app, 'first')).toContain('first')
    const cache = join(app, 'node_modules', '.cache', 'lockstep')
    expect((await stat(cache)).mode & 0o777).toBe(0o700)
    const [file = '', ...others] = await readdir(cache)
    expect([file, others]).toEqual([expect.stringContaining('lockstep.config'), []])
    const kept = (await stat(join(cache, file))).mtimeMs
    expect(await said(app, 'first')).toContain('first')
    expect((await stat(join(cache, file))).mtimeMs, 'it is not compiled again').toBe(kept)
    expect(await said(app, 'second')).toContain('second')
  })

  it('is not kept where there are no libraries, or nothing can be written', async () => {
    const bare = join(folder, 'bare')
    expect(await said(bare, 'bare')).toContain('bare')
    expect(await readdir(bare)).toEqual(['flows'])
    const closed = join(folder, 'closed')
    await mkdir(join(closed, 'node_modules'), { recursive: true })
    await writeFile(join(closed, 'node_modules', '.cache'), '')
    expect(await said(closed, 'closed')).toContain('closed')
  })
})
