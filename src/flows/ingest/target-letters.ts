import type { DeadLetter, DeadLetterSink } from '../../core/dead-letter.js'
import type { OutgoingMessage } from '../../core/message.js'
import type { MessageTarget, MessageWriter } from '../../core/stream.js'

const WRITE_DEADLINE_MS = 15_000

/** Dead letters written to a topic or file, each as the JSON of all that it has. Nobody can list or replay them there. */
export class TargetLetters implements DeadLetterSink, AsyncDisposable {
  readonly label: string
  readonly #target: MessageTarget
  #writer: MessageWriter | undefined

  constructor(target: MessageTarget) {
    this.label = target.label
    this.#target = target
  }

  async store(letters: readonly DeadLetter[]): Promise<void> {
    this.#writer ??= this.#target.open()
    const at = new Date().toISOString()
    await this.#writer.write(
      letters.map((letter) => outgoing(letter, at)),
      AbortSignal.timeout(WRITE_DEADLINE_MS),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await writer?.[Symbol.asyncDispose]()
  }
}

function outgoing(letter: DeadLetter, at: string): OutgoingMessage {
  return {
    key: letter.itemKey,
    body: Buffer.from(JSON.stringify({ ...letter, at })),
    headers: {
      'lockstep-flow': letter.flow,
      'lockstep-stage': letter.stage,
      'lockstep-code': letter.code,
    },
  }
}
