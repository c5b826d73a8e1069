/** The Pub/Sub double as a process of its own, as a broker is: it must not share the reader's event loop. */
import { EmbeddedPubsub } from '../../src/embedded/pubsub/embedded-pubsub.js'

const double = await EmbeddedPubsub.start()
process.send?.(double.address)
// The parent is gone, however it ended.
process.once('disconnect', () => process.exit())
