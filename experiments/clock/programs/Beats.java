import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Two heartbeats, ten times a second: java.util.Timer keeps time by the wall clock, an executor by System.nanoTime. */
public class Beats {
  private static void beat(String who) {
    System.out.println(who + " beats");
    System.out.flush();
  }

  public static void main(String[] arguments) {
    Timer timer = new Timer();
    timer.schedule(
        new TimerTask() {
          @Override
          public void run() {
            beat("timer");
          }
        },
        0,
        100);
    ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor();
    executor.scheduleAtFixedRate(() -> beat("executor"), 0, 100, TimeUnit.MILLISECONDS);
  }
}
