/** A plugin's file or folder, found but not yet read. */
export interface DropIn {
  /** What the file or folder is called, and so what the plugin must be called. */
  name: string;
  /** The file that is loaded; absolute. */
  file: string;
  /** The plugin's own folder when it has one. */
  folder?: string;
}
