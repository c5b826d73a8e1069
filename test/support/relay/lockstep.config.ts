import { Kafka, logLevel } from 'kafkajs'
import { defineConfig, relay } from 'lockstep'
import { kafkaTopic } from 'lockstep/kafka'
import { kurrentdb } from 'lockstep/kurrentdb'
import { postgres } from 'lockstep/postgres'
import type { RelaySetup } from './setup.js'

const setup: RelaySetup = JSON.parse(process.env['RELAY_SETUP'] ?? '')
const client = new Kafka({
  brokers: [...setup.brokers],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 50 },
})

export default defineConfig({
  flows: {
    quotes: relay({
      from: kurrentdb({ url: setup.from }),
      to: kafkaTopic({ client, topic: setup.topic }),
      state: postgres(setup.state),
      batch: { items: 50 },
      headers: () => ({ sender: setup.sender ?? '' }),
      filter: ({ body }) => {
        if (Buffer.from(body).includes('poison')) throw new Error('what a filter does with what it cannot read')
        return true
      },
    }),
  },
})
