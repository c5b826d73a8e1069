import { access, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, EXIT, type ExitCode } from '../../core/errors.js'
import type { Io } from '../io.js'
import { paint } from '../render/paint.js'
import { TEMPLATES, type TemplateName } from './templates.js'

export interface InitArguments {
  readonly template: TemplateName
  readonly force: boolean
}

/** Writes a config to start from. Either all files are written or, when one is in the way, none. */
export async function init(io: Io, { template, force }: InitArguments): Promise<ExitCode> {
  const files = Object.entries(TEMPLATES[template].files)
  if (!force)
    await refuseToOverwrite(
      io.cwd,
      files.map(([name]) => name),
    )
  for (const [name, text] of files) {
    await writeFile(join(io.cwd, name), text).catch((error: NodeJS.ErrnoException) => {
      throw notWritable(io.cwd, name, error)
    })
  }
  const { bold, dim, green } = paint(io)
  io.out(
    [
      ...files.map(([name]) => `${green('wrote')}  ${name}`),
      '',
      bold('Next:'),
      ...TEMPLATES[template].steps.map(([command, why], index) => `  ${index + 1}. ${command.padEnd(36)} ${dim(why)}`),
    ].join('\n'),
  )
  return EXIT.ok
}

async function refuseToOverwrite(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const exists = await access(join(folder, name)).then(
      () => true,
      () => false,
    )
    if (!exists) continue
    throw new ConfigError({
      code: 'file-exists',
      key: name,
      message: `is already in ${folder}; nothing was written`,
      fix: 'move it away, or overwrite it with --force',
    })
  }
}

function notWritable(folder: string, name: string, cause: NodeJS.ErrnoException): ConfigError {
  return new ConfigError({
    code: 'file-not-writable',
    key: name,
    message: `could not be written in ${folder} (${cause.code ?? cause.name})`,
    fix: 'run it in a folder that you may write to',
    cause,
  })
}
