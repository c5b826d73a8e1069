import { type handleUnaryCall, status } from '@grpc/grpc-js'
import type { Gate } from './gate.js'
import type { Knobs } from './knobs.js'
import { RpcError } from './rpc-error.js'

/** Makes a unary call of a function; what it throws is the answer, too. */
export type Answer = <Request, Response>(work: (request: Request) => Response) => handleUnaryCall<Request, Response>

export function answering(gate: Gate, knobs: Knobs): Answer {
  return (work) => (call, callback) =>
    gate.pass(() => {
      try {
        refuseIf(knobs)
        callback(null, work(call.request))
      } catch (error) {
        callback(error instanceof RpcError ? error : new RpcError(status.INTERNAL, String(error)))
      }
    })
}

export function refuseIf({ refuse }: Knobs): void {
  if (refuse !== undefined) throw new RpcError(refuse, 'refused by a knob')
}
