import { sourceContract } from '../../contracts/source.js'
import { harness } from '../../support/kurrentdb.js'

const STREAMS = ['quote-1', 'quote-2', 'quote-3'] as const

sourceContract('kurrentdb $all', () => harness({}, STREAMS))

sourceContract('kurrentdb stream', () => harness({ stream: 'quote-1' }, ['quote-1']))

sourceContract('kurrentdb persistent subscription to $all', () =>
  harness({ subscription: { group: 'workers', create: true } }, STREAMS),
)

sourceContract('kurrentdb persistent subscription to a stream', () =>
  harness({ stream: 'quote-1', subscription: { group: 'workers', create: true } }, ['quote-1']),
)
