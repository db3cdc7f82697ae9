#!/usr/bin/env bash
# Runs the tests against every mutant that dotnet-stryker makes of an area of the engine, and prints what became of them.
# Usage: tests/Mutation/run.sh sessions|shards [--only <parts of paths>] [--limit <ms>] [--with <parts of names of tests>] [--every <n>] [--again] [--kept]
# docs/contributing/mutation.md says what this does and what was found. State: $KYBERIUM_MUTATION, else kyberium-mutation among the temporary files.
set -euo pipefail
area="${1:?usage: tests/Mutation/run.sh sessions|shards [--only <parts of paths>] [--limit <ms>] [--with <parts of names of tests>] [--every <n>] [--again] [--kept]}"
shift
options=() is_kept=
for option in "$@"; do
  if [ "$option" = --kept ]; then is_kept=yes; else options+=("$option"); fi
done
root="$(cd "$(dirname "$0")/../.." && pwd)"
state="${KYBERIUM_MUTATION:-${TMPDIR:-/tmp}/kyberium-mutation}"
work="$state/$area"
engine="$root/src/Engine"
tests="$root/tests/Engine.Tests"

# What is mutated becomes an assembly of its own over the folders below it, so that only its mutants are made and compiled.
below="Cryptography Wire Diagnostics Contracts Templates"
case "$area" in
  sessions)
    above="Sessions"
    test_folders="Sessions/*.cs Sessions/Delivery Sessions/Exploration Sessions/Handshake Sessions/Model Sessions/Traffic"
    ;;
  shards)
    below="$below Sessions Keyring Journal Settings Options"
    above="Audit Forwarding Identities Placement Links Pipelines Shards *.cs"
    test_folders="Engine Forwarding Journal Keyring Links Pipelines Sessions Shards Templates Cryptography/VectorJson.cs Cryptography/SecretMemory/SecretMemoryAlone.cs"
    ;;
  *) echo "no area is called $area: sessions or shards" >&2; exit 2 ;;
esac

copy() { # copy <from> <to> <what>...: keeps folders and leaves out what was built
  local from="$1" to="$2"; shift 2
  mkdir -p "$to"
  (cd "$from" && tar -c --exclude bin --exclude obj "$@") | tar -x -C "$to"
}

mutate() { # runs what run.sh was asked for, with the tests as built and the assembly that holds the mutants
  rm -rf "$work/run"
  mkdir -p "$work/run"
  cp -r "$work/tests/bin/Release/net10.0/." "$work/run"
  cp "$work/mutated/Kyberium.Engine.dll" "$work/run/"
  dotnet build -c Release "$root/tests/Mutation" -v q
  # The tests that break rules on purpose to see the explorer find it say nothing of a mutant.
  exec "$root/tests/Mutation/bin/Release/net10.0/Kyberium.Mutation" run \
    "$work/run" "$work/stryker/reports/mutation-report.json" "$work/results.json" --without BrokenRuleTests "${options[@]}"
}

copy_tests() {
  # Unquoted on purpose: the lists hold several names, and patterns for the files of a folder.
  # shellcheck disable=SC2086
  (cd "$tests" && copy "$tests" "$work/tests" $test_folders RepositoryFiles.cs)
}

# The mutants of the last run, with the tests as they are now: minutes less, for as long as the engine itself has not changed.
if [ "$is_kept" ]; then
  [ -f "$work/mutated/Kyberium.Engine.dll" ] || { echo "no mutants are kept in $work: run this once without --kept" >&2; exit 2; }
  find "$work/tests" -name "*.cs" -not -path "*/obj/*" -not -name KeepTests.cs -delete
  copy_tests
  dotnet build -c Release "$work/tests" -v q
  mutate
fi

rm -rf "$work/below" "$work/area" "$work/tests" "$work/docs" "$work/mutated"
mkdir -p "$work/mutated"
# shellcheck disable=SC2086
{
  (cd "$engine" && copy "$engine" "$work/below" $below)
  (cd "$engine" && copy "$engine" "$work/area" $above)
}
copy_tests
copy "$root" "$work" docs/formats global.json Directory.Packages.props Akka.Engine.sln
copy "$root/tests" "$work/tests" Vectors
copy "$root/docs" "$work/tests/docs" formats

packages() { for name in "$@"; do echo "<PackageReference Include=\"$name\" />"; done; }
cat > "$work/Directory.Build.props" <<END
<Project>
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework><LangVersion>14.0</LangVersion><Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings><Features>strict</Features><InvariantGlobalization>true</InvariantGlobalization>
    <AllowUnsafeBlocks>true</AllowUnsafeBlocks><RunAnalyzers>false</RunAnalyzers>
  </PropertyGroup>
</Project>
END
cat > "$work/below/Kyberium.Engine.Below.csproj" <<END
<Project Sdk="Microsoft.NET.Sdk">
  <ItemGroup>
    $(packages Microsoft.Extensions.DependencyInjection.Abstractions Microsoft.Extensions.Hosting.Abstractions \
        Microsoft.Extensions.Logging.Abstractions Microsoft.Extensions.Options)
    <InternalsVisibleTo Include="Kyberium.Engine" /><InternalsVisibleTo Include="Kyberium.Engine.Tests" />
    <EmbeddedResource Include="Templates/levels/*.json" LogicalName="levels/%(Filename)%(Extension)" />
  </ItemGroup>
</Project>
END
cat > "$work/area/Kyberium.Engine.csproj" <<END
<Project Sdk="Microsoft.NET.Sdk">
  <ItemGroup>
    <InternalsVisibleTo Include="Kyberium.Engine.Tests" /><ProjectReference Include="../below/Kyberium.Engine.Below.csproj" />
  </ItemGroup>
</Project>
END
cat > "$work/tests/Kyberium.Engine.Tests.csproj" <<END
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><IsTestProject>true</IsTestProject></PropertyGroup>
  <ItemGroup>
    $(packages Microsoft.NET.Test.Sdk xunit xunit.runner.visualstudio FsCheck)
    <Using Include="Xunit" /><ProjectReference Include="../area/Kyberium.Engine.csproj" />
    <None Include="Vectors/**;docs/**" CopyToOutputDirectory="PreserveNewest" />
  </ItemGroup>
</Project>
END

# The one test that dotnet-stryker runs: it keeps the assembly that holds the mutants, which is put back afterwards.
cat > "$work/tests/KeepTests.cs" <<END
namespace Kyberium.Engine.Tests;

public sealed class KeepTests
{
    [Fact]
    public void The_mutated_assembly_is_kept() => File.Copy(
        Path.Join(AppContext.BaseDirectory, "Kyberium.Engine.dll"), "$work/mutated/Kyberium.Engine.dll", overwrite: true);
}
END
cat > "$work/tests/stryker-config.json" <<END
{ "stryker-config": {
  "project": "Kyberium.Engine.csproj", "configuration": "Release", "concurrency": $(nproc), "coverage-analysis": "perTest",
  "test-case-filter": "FullyQualifiedName~KeepTests", "reporters": ["Json", "Dots"],
  "mutate": ["**/$([ "$area" = sessions ] && echo Sessions || echo Shards)/**/*.cs"],
  "ignore-methods": ["ArgumentNullException.ThrowIfNull", "*.ConfigureAwait", "Invariant.Holds", "Invariant.Violated"]
} }
END

stryker="$state/tool/dotnet-stryker"
[ -x "$stryker" ] || dotnet tool install dotnet-stryker --version 5.1.0 --tool-path "$state/tool"
# Of the mutants in types' initializers it runs its test for each in a process of its own, in spite of what that test is: one dot for each.
(cd "$work/tests" && "$stryker" --skip-version-check -O "$work/stryker")
mutate
