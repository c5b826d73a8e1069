import picocolors from 'picocolors'

/** Colours that vanish where nobody would see them. */
export type Paint = ReturnType<typeof picocolors.createColors>

export const plain: Paint = picocolors.createColors(false)

/** Colours on a terminal unless NO_COLOR is set; FORCE_COLOR turns them on anywhere. */
export function paint(io: {
  readonly isTty: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}): Paint {
  const { NO_COLOR, FORCE_COLOR, TERM } = io.env
  if (NO_COLOR) return plain
  if (FORCE_COLOR) return picocolors.createColors(FORCE_COLOR !== '0')
  return picocolors.createColors(io.isTty && TERM !== 'dumb')
}
