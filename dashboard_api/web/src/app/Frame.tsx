import { Link, NavLink, Outlet, useLocation } from "react-router";
import { FilterBar } from "../filters/FilterBar";
import { useFilterSearch } from "../filters/useFilters";
import { useSession } from "../session/queries";
import { SignIn } from "../session/SignIn";
import { SignOut } from "../session/SignOut";
import { ColorSchemeSwitch } from "./ColorSchemeSwitch";
import classes from "./Frame.module.css";
import { Logo } from "./Logo";
import { RefreshSwitch } from "./RefreshSwitch";

/** What surrounds every page: where one can go, and what the figures are narrowed to. */
export function Frame() {
  const search = useFilterSearch();
  const { pathname } = useLocation();
  const session = useSession();
  const isStranger = session.data?.tokens_required === true && session.data.token_name === null;
  const isTrace = pathname.startsWith("/traces/");
  return (
    <>
      <a className={classes.skip} href="#content">
        To the figures
      </a>
      <header className={classes.header}>
        <Link className={classes.logo} to={`/endpoints${search}`}>
          <Logo /> Timesplit
        </Link>
        <nav className={classes.nav} aria-label="Pages">
          <NavLink to={`/endpoints${search}`}>Endpoints</NavLink>
          <NavLink to={`/statements${search}`}>Statements</NavLink>
        </nav>
        <div className={classes.switches}>
          {!isTrace && !isStranger && <RefreshSwitch />}
          {session.data?.token_name != null && <SignOut tokenName={session.data.token_name} />}
          <ColorSchemeSwitch />
        </div>
      </header>
      {!isTrace && !isStranger && <FilterBar />}
      <main id="content" className={classes.main}>
        {isStranger ? <SignIn /> : <Outlet />}
      </main>
    </>
  );
}
