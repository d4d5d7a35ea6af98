// The screen as an Ink component: reads lines from the model, hands keys to it. All else is in plain modules.

import { type Key, render, Text, useInput, useStdout } from 'ink'
import { type ReactElement, useCallback, useEffect, useSyncExternalStore } from 'react'
import type { ScreenModel } from './model.js'
import type { Terminal } from './terminal.js'

/** Pictures in a second at most: four snapshots, and what keys change between them. */
const FRAMES_PER_SECOND = 10

interface LiveScreenProps {
  readonly model: ScreenModel
  /** Is given what writes lines above the picture. */
  readonly onWriter: (write: (text: string) => void) => void
}

function LiveScreen({ model, onWriter }: LiveScreenProps): ReactElement {
  const picture = useSyncExternalStore(model.subscribe, model.picture)
  const { write } = useStdout()
  useEffect(() => onWriter(write), [onWriter, write])
  const press = useCallback(
    (input: string, key: Key) => {
      if (key.escape || !key.meta) model.press({ input, isCtrl: key.ctrl, isEscape: key.escape })
    },
    [model],
  )
  useInput(press, { isActive: model.hasKeys })
  return <Text>{picture}</Text>
}

export interface MountOptions extends LiveScreenProps {
  readonly terminal: Terminal
  readonly input: NodeJS.ReadStream
  /** A picture has been drawn, up to what is held back for the number of pictures in a second. */
  readonly onDrawn: () => void
  /** Something in here threw. */
  readonly onFailure: (error: Error) => void
}

/** Draws until the returned function is called. */
export function mountScreen(options: MountOptions): () => void {
  const { terminal, input, onDrawn, onFailure, ...props } = options
  const instance = render(<LiveScreen {...props} />, {
    stdout: terminal as unknown as NodeJS.WriteStream,
    stdin: input,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: FRAMES_PER_SECOND,
    incrementalRendering: true,
    onRender: onDrawn,
  })
  instance.waitUntilExit().catch(onFailure)
  return () => instance.unmount()
}
