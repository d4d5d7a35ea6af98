// bittorrent-tracker's client imports `webrtc-polyfill`, whose own native part is downloaded or compiled at install.
// package.json overrides it with this package: the same names, from a library that comes prebuilt from the registry.
import wrtc from '@roamhq/wrtc'

export const { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate } = wrtc
