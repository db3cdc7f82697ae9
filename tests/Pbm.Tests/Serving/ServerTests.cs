using System.Text.Json.Nodes;
using Kyberium.Engine;
using Kyberium.Pbm.Hosting;

namespace Kyberium.Pbm.Tests.Serving;

/// <summary>Goal: a server keeps docs/formats/pbm.md, whatever its caller does. Method: a raw client that speaks text.</summary>
public sealed class ServerTests
{
    [Fact]
    public async Task A_welcome_describes_all_there_is()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.GreetAsync();

        Assert.Equal(("welcome", 1, "test 1.0", "alice (pbm, unproved)"), (
            Text(client.Welcome["type"]), (int)client.Welcome["version"]!, Text(client.Welcome["program"]), Text(client.Welcome["operator"])));
        var palette = Assert.Single(client.Welcome["palettes"]!.AsArray())!;
        var echo = palette["commands"]![0]!;
        Assert.Equal(("echo", false, false, "items"), (Text(echo["name"]), (bool)echo["changes"]!, (bool)echo["follows"]!, Text(echo["items"])));
        Assert.Equal(
            """[{"name":"text","type":"text","description":"A text.","required":true,"letter":"t"},"""
            + """{"name":"number","type":"number","description":"A number.","required":false,"letter":"n"},"""
            + """{"name":"flag","type":"flag","description":"A flag.","required":false,"letter":"f"}]""",
            echo["switches"]!.ToJsonString());
    }

    [Fact]
    public async Task A_call_gives_items_then_their_count()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.GreetAsync();
        await client.CallAsync(7, "echo", """{"text":"héllo","number":"-3","flag":""}""");

        Assert.Equal(
            """{"type":"item","id":7,"fields":{"text":"héllo","number":-3,"flag":true,"actor":"alice (pbm, unproved)"}}""", Line(await client.ReadAsync()));
        Assert.Equal("""{"type":"end","id":7,"count":1}""", Line(await client.ReadAsync()));
    }

    [Theory]
    [InlineData("nothing", "{}", 5008)]
    [InlineData("echo", "{}", 5009)]
    [InlineData("echo", """{"text":"x","other":"y"}""", 5009)]
    [InlineData("echo", """{"text":"x","number":"1.5"}""", 5009)]
    [InlineData("echo", """{"text":"x","flag":"yes"}""", 5009)]
    [InlineData("refuse", "{}", 1002)]
    [InlineData("break", "{}", 4012)]
    public async Task A_call_that_fails_gives_one_error_with_its_code_and_the_connection_goes_on(string command, string switches, int code)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.GreetAsync();
        await client.CallAsync(1, command, switches);

        var error = await client.ReadAsync();
        Assert.Equal(("error", 1, code), (Text(error["type"]), (int)error["id"]!, (int)error["code"]!));
        Assert.DoesNotContain("a detail for the log", Line(error), StringComparison.Ordinal);
        await client.CallAsync(1, "echo", """{"text":"x"}""");
        Assert.Equal("item", Text((await client.ReadAsync())["type"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("[]")]
    [InlineData("""{"type":"call"}""")]
    [InlineData("""{"type":"call","id":0,"palette":"test","command":"echo","switches":{}}""")]
    [InlineData("""{"type":"call","id":1,"palette":"test","command":"echo","switches":{},"more":1}""")]
    [InlineData("""{"type":"call","id":1,"id":2,"palette":"test","command":"echo","switches":{}}""")]
    [InlineData("""{"type":"end","id":1,"count":1}""")]
    [InlineData(RawClient.Hello)]
    public async Task A_frame_that_is_no_call_ends_the_connection_with_a_reason(string frame)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.GreetAsync();
        await client.SendAsync(frame);

        var error = await client.ReadAsync();
        Assert.Equal(("error", 5003, null), (Text(error["type"]), (int)error["code"]!, error["id"]));
        Assert.Null(await client.TryReadAsync());
    }

    [Theory]
    [InlineData("""{"type":"hello","versions":[2,9],"program":"raw"}""", 5001)]
    [InlineData("""{"type":"hello","versions":[],"program":"raw"}""", 5003)]
    [InlineData("""{"type":"hello","versions":[1],"program":"raw","operator":"two words"}""", 5003)]
    [InlineData("""{"type":"cancel","id":1}""", 5003)]
    public async Task A_greeting_that_is_not_understood_is_refused_with_a_reason(string hello, int code)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await RawClient.GreetAsync(server.Port, hello);

        Assert.Equal(("error", code), (Text(client.Welcome["type"]), (int)client.Welcome["code"]!));
        Assert.Null(await client.TryReadAsync());
    }

    [Fact]
    public async Task A_stranger_cannot_send_more_than_a_small_hello()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await RawClient.GreetAsync(server.Port, new string('x', 5_000));

        Assert.Equal(5004, (int)client.Welcome["code"]!);
    }

    [Fact]
    public async Task A_huge_frame_is_refused_before_it_is_held()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.GreetAsync();
        await client.SendAsync(new string('x', 300_000));

        Assert.Equal(5004, (int)(await client.ReadAsync())["code"]!);
        Assert.Null(await client.TryReadAsync());
    }

    [Fact]
    public async Task Many_calls_share_a_connection_and_each_is_answered_under_its_id()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.GreetAsync();
        for (var id = 1; id <= 15; id++)
        {
            await client.CallAsync(id, "wait");
        }

        await client.CallAsync(100, "echo", """{"text":"between"}""");
        Assert.Equal((100, 100), ((int)(await client.ReadAsync())["id"]!, (int)(await client.ReadAsync())["id"]!));
        server.Palette.Open();
        var ended = new HashSet<int>();
        for (var frame = 0; frame < 30; frame++)
        {
            var answer = await client.ReadAsync();
            if (Text(answer["type"]) == "end")
            {
                ended.Add((int)answer["id"]!);
            }
        }

        Assert.Equal(Enumerable.Range(1, 15), ended.Order());
    }

    [Fact]
    public async Task One_call_too_many_is_refused_and_the_others_go_on()
    {
        await using var server = await TestServer.StartAsync(options => options.CallsMax = 2);
        using var client = await server.GreetAsync();
        await client.CallAsync(1, "wait");
        await client.CallAsync(2, "wait");
        await client.CallAsync(3, "wait");

        var refused = await client.ReadAsync();
        Assert.Equal((3, 5006), ((int)refused["id"]!, (int)refused["code"]!));
        server.Palette.Open();
        var last = new List<string>();
        for (var frame = 0; frame < 4; frame++)
        {
            last.Add(Text((await client.ReadAsync())["type"]));
        }

        Assert.Equal(2, last.Count(type => type == "end"));
    }

    [Fact]
    public async Task An_id_that_is_open_cannot_be_taken_again()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.GreetAsync();
        await client.CallAsync(1, "wait");
        await client.CallAsync(1, "wait");

        Assert.Equal(5003, (int)(await client.ReadAsync())["code"]!);
    }

    [Fact]
    public async Task A_cancelled_call_ends_with_its_code_and_its_command_hears_of_it()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.GreetAsync();
        await client.CallAsync(1, "follow");
        await WaitAsync(server.Palette.Begun);
        await client.SendAsync("""{"type":"cancel","id":9}""");
        await client.SendAsync("""{"type":"cancel","id":1}""");

        var error = await client.ReadAsync();
        Assert.Equal((1, 5005), ((int)error["id"]!, (int)error["code"]!));
        Assert.Equal(1, server.Palette.EndedCount);
        await client.CallAsync(1, "echo", """{"text":"again"}""");
        Assert.Equal("item", Text((await client.ReadAsync())["type"]));
    }

    [Fact]
    public async Task A_caller_that_leaves_ends_its_calls()
    {
        await using var server = await TestServer.StartAsync();
        using (var client = await server.GreetAsync())
        {
            await client.CallAsync(1, "follow");
            await client.CallAsync(2, "wait");
            await WaitAsync(server.Palette.Begun);
            await WaitAsync(server.Palette.Begun);
        }

        await WaitAsync(server.Palette.Ended);
        await WaitAsync(server.Palette.Ended);
    }

    [Fact]
    public async Task A_call_that_takes_too_long_is_ended_with_its_code()
    {
        await using var server = await TestServer.StartAsync(options => options.CallTimeout = TimeSpan.FromMilliseconds(100));
        using var client = await server.GreetAsync();
        await client.CallAsync(1, "wait");

        Assert.Equal(5007, (int)(await client.ReadAsync())["code"]!);
        Assert.Equal(1, server.Palette.EndedCount);
    }

    [Fact]
    public async Task A_slow_reader_slows_its_command_down_and_loses_its_connection()
    {
        await using var server = await TestServer.StartAsync(options => options.SendTimeout = TimeSpan.FromMilliseconds(300));
        using var client = await server.GreetAsync();
        await client.CallAsync(1, "blobs");
        await WaitAsync(server.Palette.Ended);

        // What the system's buffers take, and one more: nothing is piled up behind them.
        Assert.InRange(server.Palette.BlobCount, 1, 2_000);
        Assert.Contains(server.Logged, line => line.Event == 7006);
    }

    [Fact]
    public async Task A_caller_that_says_nothing_is_let_go()
    {
        await using var hurries = await TestServer.StartAsync(options => options.HelloTimeout = TimeSpan.FromMilliseconds(200));
        using var silent = await RawClient.ConnectAsync(hurries.Port);
        Assert.Null(await silent.TryReadAsync());

        await using var server = await TestServer.StartAsync(options => options.IdleTimeout = TimeSpan.FromMilliseconds(200));
        using var idle = await server.GreetAsync();
        Assert.Equal(5007, (int)(await idle.ReadAsync())["code"]!);
        Assert.Null(await idle.TryReadAsync());
    }

    [Fact]
    public async Task A_connection_too_many_is_told_so()
    {
        await using var server = await TestServer.StartAsync(options => options.ConnectionsMax = 1);
        using var first = await server.GreetAsync();
        using var second = await RawClient.GreetAsync(server.Port);

        Assert.Equal(5006, (int)second.Welcome["code"]!);
        await first.CallAsync(1, "echo", """{"text":"still here"}""");
        Assert.Equal("item", Text((await first.ReadAsync())["type"]));
    }

    [Fact]
    public async Task What_changes_something_is_logged_with_who_asked_before_and_after()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.GreetAsync();
        await client.CallAsync(1, "change it", """{"what":"a\u001b[2Jb"}""");
        await client.ReadAsync();
        await client.ReadAsync();

        var logged = server.Logged.Where(line => line.Event is 7003 or 7004).ToList();
        Assert.Equal([7003, 7004], logged.Select(line => line.Event));
        Assert.Matches(@"^alice \(pbm, unproved\) from 127\.0\.0\.1:\d+ runs 'test change it' with --what a\?\[2Jb$", logged[0].Text);
        Assert.Matches(@"^alice \(pbm, unproved\) from 127\.0\.0\.1:\d+ ran 'test change it': done$", logged[1].Text);
    }

    [Fact]
    public async Task A_stop_ends_what_follows_at_once_and_lets_the_rest_finish()
    {
        await using var server = await TestServer.StartAsync(options => options.DrainTimeout = TimeSpan.FromMinutes(1));
        using var client = await server.GreetAsync();
        await client.CallAsync(1, "follow");
        await client.CallAsync(2, "wait");
        await WaitAsync(server.Palette.Begun);
        await WaitAsync(server.Palette.Begun);
        var stopping = server.StopAsync();

        var first = await client.ReadAsync();
        Assert.Equal((1, 3002), ((int)first["id"]!, (int)first["code"]!));
        Assert.False(stopping.IsCompleted);
        await client.CallAsync(3, "wait");
        var refused = await client.ReadAsync();
        Assert.Equal((3, 3002), ((int)refused["id"]!, (int)refused["code"]!));
        server.Palette.Open();
        Assert.Equal("item", Text((await client.ReadAsync())["type"]));
        Assert.Equal("end", Text((await client.ReadAsync())["type"]));
        Assert.Null(await client.TryReadAsync());
        await stopping.WaitAsync(TestPalette.Patience);
    }

    [Fact]
    public async Task A_stop_does_not_wait_longer_than_it_is_told()
    {
        await using var server = await TestServer.StartAsync(options => options.DrainTimeout = TimeSpan.FromMilliseconds(100));
        using var client = await server.GreetAsync();
        await client.CallAsync(1, "wait");
        await WaitAsync(server.Palette.Begun);
        await server.StopAsync().WaitAsync(TestPalette.Patience);

        Assert.Equal(3002, (int)(await client.ReadAsync())["code"]!);
    }

    [Fact]
    public async Task An_address_that_is_taken_is_refused_with_what_to_do()
    {
        await using var server = await TestServer.StartAsync();
        var failure = await Assert.ThrowsAsync<EngineException>(() => TestServer.StartAsync(options => options.Listen = [$"127.0.0.1:{server.Port}"]));

        Assert.Equal(EngineErrorCode.OptionsInvalid, failure.Code);
    }

    private static string Text(JsonNode? node) => (string)node!;

    private static string Line(JsonNode node) => node.ToJsonString(new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private static async Task WaitAsync(SemaphoreSlim signal) =>
        Assert.True(await signal.WaitAsync(TestPalette.Patience), "the command did not come that far");
}
