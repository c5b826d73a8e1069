import type { Stage, StartOptions } from './stage.js'

export interface LetterOf {
  readonly flow: string
  /** Path of its config, and how a person in the checkout would name it. */
  readonly config: string
  readonly shownConfig: string
  readonly start: StartOptions
}

/** Shows one dead letter, and the command that does so. */
export async function showLetter(stage: Stage, { flow, config, shownConfig, start }: LetterOf): Promise<void> {
  const { board } = stage
  const list = ['dead-letters', 'list', flow, '--limit', '1', '--config']
  board.waiting('asking for the dead letters')
  const { stdout, exitCode, log } = await stage.product([...list, config], start).ended
  const said = (exitCode === 0 ? stdout : log).trimEnd()
  board.say(`\n  ${board.paint.bold(`$ lockstep ${list.join(' ')} ${shownConfig}`)}`)
  board.say(said.replace(/^(?=.)/gm, '  '))
}
