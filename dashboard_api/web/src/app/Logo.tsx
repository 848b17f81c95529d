import { categoryColor } from "../split/categories";

export function Logo() {
  return (
    <svg width="20" height="18" viewBox="0 0 20 18" aria-hidden="true">
      <rect y="1" width="11" height="4" rx="1" fill={categoryColor("database")} />
      <rect x="12" y="1" width="8" height="4" rx="1" fill={categoryColor("python")} />
      <rect y="7" width="6" height="4" rx="1" fill={categoryColor("database")} />
      <rect x="7" y="7" width="8" height="4" rx="1" fill={categoryColor("render")} />
      <rect y="13" width="4" height="4" rx="1" fill={categoryColor("python")} />
      <rect x="5" y="13" width="3" height="4" rx="1" fill={categoryColor("cache")} />
    </svg>
  );
}
