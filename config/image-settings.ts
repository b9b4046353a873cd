/** The settings of a service or job that decide which image it has, and how that is built. */
export const imageSettings = ["source", "image", "builder", "dockerfile", "build", "package", "platforms"] as const;

type ImageSetting = (typeof imageSettings)[number];

/** Settings without those of the image. */
export function withoutImage<T extends object>(settings: T): Omit<T, ImageSetting> {
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !imageSettings.includes(key as ImageSetting))) as Omit<
    T,
    ImageSetting
  >;
}
