import { selectFlows } from '../../config/select-flows.js'
import type { StoredLetter } from '../../core/dead-letter.js'
import { EXIT, type ExitCode } from '../../core/errors.js'
import type { Io } from '../io.js'
import { toJson } from '../json.js'
import { filterOf, type LetterOptions } from '../letters/letter-options.js'
import { letterPages, storesOf } from '../letters/letters-of.js'
import { withConfig } from '../open-config.js'
import { type ListedLetter, renderLetters } from '../render/letter-table.js'
import { paint } from '../render/paint.js'

export interface ListArguments extends LetterOptions {
  /** Default: every flow whose letters can be read. */
  readonly flow?: string
  readonly limit: number
  readonly config?: string
  readonly json: boolean
}

/** Lists letters, oldest failure first. What is in them is not shown. */
export async function listLetters(io: Io, args: ListArguments): Promise<ExitCode> {
  return withConfig(io, args.config, async (config) => {
    const flows =
      args.flow === undefined
        ? selectFlows(config, []).filter(({ flow }) => (flow.deadLetters ?? []).length > 0)
        : selectFlows(config, [args.flow])
    const letters: ListedLetter[] = []
    let more = false
    for (const flow of flows) {
      for (const store of storesOf(flow)) {
        // One more than is shown tells whether there are more.
        const limit = args.limit - letters.length + 1
        for await (const page of letterPages(store, flow.name, { ...filterOf(args), limit }))
          letters.push(...page.map(listed))
        more ||= letters.length > args.limit
        letters.length = Math.min(letters.length, args.limit)
      }
    }
    io.out(args.json ? toJson({ letters, more }) : text(io, letters, more ? args : undefined))
    return EXIT.ok
  })
}

function text(io: Io, letters: readonly ListedLetter[], cut: ListArguments | undefined): string {
  const colours = paint(io)
  if (letters.length === 0 && cut === undefined) return 'no dead letters'
  const table = renderLetters(letters, { nowMs: Date.now(), width: io.width, paint: colours })
  return cut === undefined
    ? table
    : `${table}\n\n${colours.dim(`... and more (--limit ${Math.max(1, cut.limit) * 10} shows ten times as many)`)}`
}

/** Field by field, so that nothing a letter may hold later on is shown by itself. */
function listed(letter: StoredLetter): ListedLetter {
  const { flow, id, state, stage, code, reason, itemKey, lane, position, attempts, held, firstAt, lastAt } = letter
  return { flow, id, state, stage, code, reason, itemKey, lane, position, attempts, held, firstAt, lastAt }
}
