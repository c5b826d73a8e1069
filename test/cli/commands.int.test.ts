import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type BuiltCli, builtCli } from '../support/built-cli.js'
import { onTerminal } from '../support/terminal.js'

const TOY = fileURLToPath(new URL('toy', import.meta.url))

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
})
afterAll(() => cli[Symbol.asyncDispose]())

const lockstep = (...args: string[]) => cli.start(args, { cwd: TOY }).ended

describe('check', () => {
  test.each([
    ['same', 0, 'same: the same'],
    ['different', 1, 'different: different'],
    ['unverified', 3, 'unverified: unverified'],
  ])('%s exits with %i', async (flow, code, text) => {
    const ended = await lockstep('check', flow)
    expect(ended).toMatchObject({ code, stderr: '' })
    expect(ended.stdout).toContain(text)
  })

  test('--more-info marks what differs and counts what it does not show', async () => {
    const { stdout } = await lockstep('check', 'different', '--more-info', '--limit', '2')
    expect(stdout.match(/left +!= right/g)).toHaveLength(2)
    expect(stdout).toContain('... and 1 more difference (--limit 3 shows all)')
  })

  test('--json keeps every digit', async () => {
    const plain = JSON.parse((await lockstep('check', 'different', '--json')).stdout)
    expect(plain).toMatchObject({ flow: 'different', verdict: 'different', rows: { left: '9007199254740993' } })
    expect(plain).not.toHaveProperty('differences')
    const more = JSON.parse((await lockstep('check', 'different', '--json', '--more-info')).stdout)
    expect(more.differences).toHaveLength(3)
  })

  test('--progress tells on stderr how far it is, where there is no terminal', async () => {
    const told = await lockstep('check', 'tracked', '--progress', '--json')
    expect(told.stderr).toMatch(
      /tracked: hashing both tables · .*tracked: fetching .* 0 % .*tracked: looking again .* 75 %/s,
    )
    expect(JSON.parse(told.stdout)).toMatchObject({ verdict: 'same' })
    expect((await lockstep('check', 'tracked')).stderr).not.toContain('hashing')
  })

  test('a terminal shows one line that gives way to the result', async () => {
    const { stdout } = await onTerminal(cli, ['check', 'tracked'], TOY)
    expect(stdout).toContain('tracked: looking again')
    expect(stdout).toContain('tracked is under way')
    const [shown = ''] = stdout.split('tracked: the same')
    const erased = shown.lastIndexOf('\u001B[2K')
    expect(erased).toBeGreaterThan(shown.lastIndexOf('looking again'))
  })

  test('a flow that has nothing to compare', async () => {
    const ended = await lockstep('check', 'quick')
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toContain('flow-not-comparable')
  })
})

describe('status', () => {
  test('says which database could not be asked', async () => {
    const ended = await lockstep('status', 'red', 'quick')
    expect(ended.code).toBe(3)
    expect(ended.stdout).toMatch(/\? {2}red +unknown/)
    expect(ended.stdout).toContain('memory://down: cannot reach postgres://[redacted]@db.internal:5432/app')
    expect(ended.stdout).toMatch(/○ {2}quick +never run/)
  })

  test('--json', async () => {
    const ended = await lockstep('status', 'quick', '--json')
    expect(ended.code).toBe(0)
    expect(JSON.parse(ended.stdout)).toMatchObject({ flows: [{ flow: 'quick', deadLetters: 0, unreachable: [] }] })
  })
})

describe('doctor', () => {
  test('0 when nothing is wrong, 2 when something is, also when a flow cannot be looked at', async () => {
    expect(await lockstep('doctor', 'quick')).toMatchObject({ code: 0, stdout: expect.stringContaining('all is well') })
    expect(await lockstep('doctor', 'quick', 'red')).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('1 error'),
    })
  })
})

describe('the command line', () => {
  const commands = ['init', 'doctor', 'run', 'status', 'dead-letters', 'check', 'load', 'grants', 'alert']

  test('help lists every command and the exit codes', async () => {
    const { code, stdout } = await lockstep('--help')
    expect(code).toBe(0)
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
    expect(stdout).toMatch(/^ {2}70 +unexpected/m)
  })

  test.each(commands)('help of %s has examples', async (command) => {
    const { code, stdout } = await lockstep(command, '--help')
    expect(code).toBe(0)
    expect(stdout).toContain(`$ lockstep ${command}`)
  })

  test('--version', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await lockstep('--version')).toMatchObject({ code: 0, stdout: `${version}\n` })
  })

  test.each([
    [['chekc'], 'Did you mean check?'],
    [['check'], "missing required argument 'flow'"],
    [['run', '--log-level', 'loud'], 'Allowed choices are'],
    [['check', 'same', '--limit', '-3'], 'whole number'],
    [['check', 'same', '--repair', 'maybe'], 'Allowed choices are'],
    [['run', 'quikc'], 'did you mean quick?'],
    [['run', '--config', 'nosuch.ts'], 'there is no config file'],
  ])('%j is refused with exit code 2', async (args, text) => {
    const ended = await lockstep(...args)
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toContain(text)
  })
})

describe('a config of a project elsewhere', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lockstep-project-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
  })
  const there = (...args: string[]) => cli.start(args, { cwd: folder }).ended

  test('init writes a config that works, and overwrites nothing unless forced', async () => {
    expect(await there('init')).toMatchObject({ code: 0, stdout: expect.stringContaining('npx lockstep doctor') })
    const config = await readFile(join(folder, 'lockstep.config.ts'), 'utf8')
    await writeFile(join(folder, '.env.example'), 'mine')
    expect(await there('init')).toMatchObject({ code: 2, stderr: expect.stringContaining('--force') })
    expect(await readFile(join(folder, '.env.example'), 'utf8')).toBe('mine')
    expect(await there('init', '--force', '--template', 'check')).toMatchObject({ code: 0 })
    expect(await readFile(join(folder, 'lockstep.config.ts'), 'utf8')).not.toBe(config)
    expect(await readFile(join(folder, '.env.example'), 'utf8')).toContain('A_URL=')
  })

  test('a missing variable is named, with the cure; .env cures it, dollar signs and all', async () => {
    const source = `import { env } from 'lockstep/env'
      import { ConfigError } from 'lockstep'
      import { name } from './names.js'
      throw new ConfigError({ code: 'seen', key: name, message: env('TOY_URL'), fix: 'none' })`
    await writeFile(join(folder, 'lockstep.config.ts'), source)
    await writeFile(join(folder, 'names.ts'), `export const name: string = 'from-a-typescript-file'`)
    const missing = await there('doctor')
    expect(missing).toMatchObject({ code: 2, stdout: '' })
    expect(missing.stderr).toContain('at  env.TOY_URL')
    await writeFile(join(folder, '.env'), 'TOY_URL=pa$word$HOME\n')
    const cured = await there('doctor')
    expect(cured.stderr).toContain('pa$word$HOME')
    expect(cured.stderr).toContain('at  from-a-typescript-file')
  })

  test('a config that does not compile is an error of the config, not of lockstep', async () => {
    await writeFile(join(folder, 'lockstep.config.ts'), 'export defalt {}')
    const ended = await there('run')
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('could not be read')
  })
})
