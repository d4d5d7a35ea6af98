// What a request is told whose client's address is not known.

import { latin1Bytes } from '../../protocol/http/ascii.js'
import { AddressStatus } from './client-address.js'
import { HttpCounter } from './counters.js'

interface AddressFailure {
  readonly counter: number
  readonly text: Uint8Array
}

const noAddress: AddressFailure = {
  counter: HttpCounter.failuresNoAddress,
  text: latin1Bytes('Your address is not known to the tracker'),
}

const byStatus: Readonly<Record<number, AddressFailure>> = {
  [AddressStatus.headerMissing]: {
    counter: HttpCounter.failuresProxyHeaderMissing,
    text: latin1Bytes('The reverse proxy did not say who you are'),
  },
  [AddressStatus.headerInvalid]: {
    counter: HttpCounter.failuresProxyHeaderInvalid,
    text: latin1Bytes('The reverse proxy named no address'),
  },
}

/** @param status an `AddressStatus` other than `known` */
export function addressFailure(status: number): AddressFailure {
  return byStatus[status] ?? noAddress
}
