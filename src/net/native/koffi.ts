// koffi itself: native calls from JavaScript. Of its packages only the binary of this platform is installed with the
// program: it is all that is used, and has no script to run at install. `koffi`, which has one, gives the types.

import { createRequire } from 'node:module'
import type Koffi from 'koffi'

/**
 * For Linux on x64 and arm64, glibc and musl (the package chooses); `net/engine.ts` asks for no other.
 * Importing this throws where the package is not installed, or its binary can't be loaded.
 */
export const koffi = createRequire(import.meta.url)(
  `@koromix/koffi-${process.platform}-${process.arch}`,
) as typeof Koffi
